package io.zta.rbac;

import io.zta.finding.Doubt;
import io.zta.intent.Subject;
import io.zta.rbac.Gate.Passage;
import io.zta.rbac.Holder.Held;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Steps that make somebody another identity without a pod: tokens, Secrets, impersonation, certificates. */
final class IdentitySteps {
    private static final String CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client";

    private final Situation situation;
    private final Place from;
    private final Holder holder;
    private final List<Step> steps = new ArrayList<>();

    private IdentitySteps(Situation situation, Place from, Holder holder) {
        this.situation = situation;
        this.from = from;
        this.holder = holder;
    }

    static List<Step> of(Situation situation, Place from, Holder holder) {
        IdentitySteps all = new IdentitySteps(situation, from, holder);
        all.accounts(Privilege.TOKEN, "API-token", "mints a token of");
        all.accounts(Privilege.IMPERSONATE_ACCOUNT, "API-impersonate", "impersonates");
        all.secrets();
        all.users();
        all.groups();
        all.certificates();
        return all.steps;
    }

    private void accounts(Privilege privilege, String bypass, String does) {
        for (Held held : holder.grants(privilege)) {
            for (String namespace : situation.placesOf(held)) {
                if (situation.gate().isAbsent() && !held.named()) {
                    add(
                            Place.accounts(namespace),
                            bypass,
                            does + " any service account of " + place(namespace),
                            held,
                            Passage.FREE);
                    continue;
                }
                for (String in : namespace.equals("*") ? situation.namespaces() : Set.of(namespace)) {
                    for (String name : situation.accountsIn(in)) {
                        if (!held.named() || held.rule().names().contains(name)) {
                            account(privilege, held, Subject.serviceAccount(in, name), bypass, does);
                        }
                    }
                }
            }
        }
    }

    /** Admission is asked for each account by name: a policy may guard some of them only. */
    private void account(Privilege privilege, Held held, Subject account, String bypass, String does) {
        Passage passage = Passage.FREE;
        if (privilege == Privilege.TOKEN) { // no admission policy sees who impersonates
            passage = situation
                    .gate()
                    .ask(
                            holder.identity(),
                            Attributes.of("create", "", "serviceaccounts/token", account.namespace(), account.name()));
        }
        if (passage.open()) {
            add(Place.of(account), bypass, does + " " + account, held, passage);
        }
    }

    static String place(String namespace) {
        return namespace.equals("*") ? "any namespace" : "namespace " + namespace;
    }

    private void secrets() {
        List<Held> readers = holder.grants(Privilege.SECRET_READ);
        if (readers.isEmpty()) {
            return;
        }
        for (Held read : readers) {
            for (Held create : holder.grants(Privilege.SECRET_CREATE)) {
                String scope = read.scope().isEmpty() ? create.scope() : read.scope();
                boolean meets = create.scope().isEmpty() || create.scope().equals(scope);
                if (meets) {
                    Held narrower = read.scope().isEmpty() ? create : read;
                    for (String namespace : situation.placesOf(narrower)) {
                        Passage passage = situation.passage(holder, Privilege.SECRET_CREATE, create, namespace);
                        if (passage.open()) {
                            steps.add(step(
                                    Place.accounts(namespace),
                                    "API-token",
                                    "creates and reads a token Secret of any service account of " + place(namespace),
                                    List.of(create.grant(), read.grant()),
                                    passage));
                        }
                    }
                }
            }
            existing(read);
        }
    }

    private void existing(Held read) {
        for (String namespace : read.scope().isEmpty() ? situation.namespaces() : Set.of(read.scope())) {
            for (String secret : situation.tokenSecretsIn(namespace)) {
                int equals = secret.indexOf('=');
                if (!read.named() || read.rule().names().contains(secret.substring(0, equals))) {
                    Subject account = Subject.serviceAccount(namespace, secret.substring(equals + 1));
                    add(
                            Place.of(account),
                            "API-token",
                            "reads Secret " + namespace + "/" + secret.substring(0, equals) + " with the token of "
                                    + account,
                            read,
                            Passage.FREE);
                }
            }
        }
        if (situation.secretsUnread()) {
            String where = read.scope().isEmpty() ? "*" : read.scope();
            Doubt doubt = Doubt.of(
                    "whether " + place(where) + " holds a Secret with a service account's token was not read",
                    "list them with kubectl get secrets --field-selector type=kubernetes.io/service-account-token, and"
                            + " add what is there to the snapshot without its data");
            Passage passage = new Passage(true, List.of(), List.of(doubt), List.of());
            add(Place.accounts(where), "API-token", "reads the Secrets of " + place(where), read, passage);
        }
    }

    private void users() {
        for (Held held : holder.grants(Privilege.IMPERSONATE_USER)) {
            if (!held.named()) {
                add(Place.of(Place.Kind.USERS), "API-impersonate", "impersonates any user", held, Passage.FREE);
            }
            for (String name : held.rule().names()) {
                if (RbacReader.user(name).kind() == Subject.Kind.USER) {
                    Subject user = Subject.user(name);
                    add(Place.of(user), "API-impersonate", "impersonates " + user, held, Passage.FREE);
                }
            }
        }
    }

    /** A group is impersonated together with a user or service account only. */
    private void groups() {
        List<Held> groups = holder.grants(Privilege.IMPERSONATE_GROUP);
        if (groups.isEmpty()) {
            return;
        }
        List<Held> with = new ArrayList<>(holder.grants(Privilege.IMPERSONATE_USER));
        with.addAll(holder.grants(Privilege.IMPERSONATE_ACCOUNT));
        if (with.isEmpty()) {
            return;
        }
        for (Held held : groups) {
            List<Grant> grants = List.of(held.grant(), with.get(0).grant());
            if (!held.named()) {
                steps.add(step(
                        Place.of(Place.Kind.GROUPS),
                        "API-impersonate",
                        "impersonates a member of any group",
                        grants,
                        Passage.FREE));
            }
            for (String name : held.rule().names()) {
                steps.add(step(
                        Place.of(Subject.group(name)),
                        "API-impersonate",
                        "impersonates a member of Group " + name,
                        grants,
                        Passage.FREE));
            }
        }
    }

    private void certificates() {
        List<Held> signers = holder.grants(Privilege.SIGNER_APPROVE);
        List<Held> creates = holder.grants(Privilege.CSR_CREATE);
        List<Held> approvals = holder.grants(Privilege.CSR_APPROVAL);
        if (signers.isEmpty() || creates.isEmpty() || approvals.isEmpty()) {
            return;
        }
        Passage passage = situation
                .passage(holder, Privilege.CSR_CREATE, creates.get(0), "")
                .and(situation.passage(holder, Privilege.CSR_APPROVAL, approvals.get(0), ""));
        if (!passage.open()) {
            return;
        }
        for (Held signer : signers) {
            Set<String> names = signer.rule().names();
            List<Grant> grants =
                    List.of(creates.get(0).grant(), approvals.get(0).grant(), signer.grant());
            if (names.isEmpty() || names.contains(CLIENT_SIGNER) || names.contains("kubernetes.io/*")) {
                for (Place.Kind kind : List.of(Place.Kind.USERS, Place.Kind.ORDINARY_GROUPS)) {
                    steps.add(step(
                            Place.of(kind),
                            "API-csr",
                            "has a client certificate of any " + (kind == Place.Kind.USERS ? "user" : "group")
                                    + " signed",
                            grants,
                            passage));
                }
                steps.add(step(
                        Place.accounts("*"),
                        "API-csr",
                        "has a client certificate with the name of any service account signed",
                        grants,
                        passage));
            } else if (names.contains(CLIENT_SIGNER + "-kubelet")) {
                steps.add(step(
                        Place.of(Place.Kind.HOST), "API-csr", "has a certificate of any node signed", grants, passage));
            }
        }
    }

    private void add(Place to, String bypass, String what, Held held, Passage passage) {
        steps.add(step(to, bypass, what, List.of(held.grant()), passage));
    }

    private Step step(Place to, String bypass, String what, List<Grant> grants, Passage passage) {
        return new Step(from, to, bypass, what, grants, passage.notes(), passage.doubts());
    }
}
