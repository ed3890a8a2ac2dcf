package io.zta.rbac.admission;

import io.zta.rbac.Attributes;
import io.zta.rbac.Authorizer;
import io.zta.rbac.Identity;

/** The {@code authorizer} of admission's CEL: a question in the making. Immutable. */
record CelAuthorizer(Authorizer authorizer, Identity identity, Attributes asked) {
    /** What the authorizer said. */
    record Decision(boolean allowed) {}

    static CelAuthorizer of(Authorizer authorizer, Identity identity) {
        return new CelAuthorizer(authorizer, identity, new Attributes("", "", "", "", "", "", ""));
    }

    CelAuthorizer with(String step, String text) {
        Attributes now = asked;
        return new CelAuthorizer(
                authorizer,
                identity,
                switch (step) {
                    case "group" ->
                        new Attributes("", text, now.resource(), now.subresource(), now.namespace(), now.name(), "");
                    case "resource" ->
                        new Attributes("", now.group(), text, now.subresource(), now.namespace(), now.name(), "");
                    case "subresource" ->
                        new Attributes("", now.group(), now.resource(), text, now.namespace(), now.name(), "");
                    case "namespace" ->
                        new Attributes("", now.group(), now.resource(), now.subresource(), text, now.name(), "");
                    case "name" ->
                        new Attributes("", now.group(), now.resource(), now.subresource(), now.namespace(), text, "");
                    default -> new Attributes("", "", "", "", "", "", text);
                });
    }

    CelAuthorizer serviceAccount(String namespace, String name) {
        return new CelAuthorizer(authorizer, Identity.serviceAccount(namespace, name), asked);
    }

    Decision check(String verb) {
        return new Decision(authorizer.allows(
                identity,
                new Attributes(
                        verb,
                        asked.group(),
                        asked.resource(),
                        asked.subresource(),
                        asked.namespace(),
                        asked.name(),
                        asked.path())));
    }
}
