// A JShell session on a cluster's manifests. From the repository's root, after `mvn -q -DskipTests package`:
//
//   jshell --class-path zta-verify/target/zta.jar examples/zta.jsh
//
// Then, for instance:
//
//   var cluster = cluster("examples/record/phase-0")
//   show(verify(posture, cluster))
//   explain(cluster, "tools/debug", "default/orders", 8080)
//   show(whoCan(cluster, "exec", "default"))

import io.zta.*;
import io.zta.finding.*;
import io.zta.intent.*;
import io.zta.rbac.*;
import io.zta.snapshot.*;
import io.zta.verify.*;
import io.zta.verify.proof.Paths;
import io.zta.verify.render.*;

/** The record's posture, to begin with. */
Posture posture = ZeroTrust.namespace("default").denyDirectAccess().strictMtls().noExecFor("developers")

/** Reads a file or directory of manifests. */
Snapshot cluster(String path) {
  return Snapshot.of(java.nio.file.Path.of(path));
}

/** Proves or refutes a posture. */
Report verify(Posture posture, Snapshot cluster) {
  return Verifier.verify(posture, cluster);
}

/** Prints a report. */
void show(Report report) {
  System.out.print(Format.TEXT.render(Dossier.of(report)));
}

/** Prints a list, a line for each item. */
void show(List<?> items) {
  items.forEach(System.out::println);
}

/** Follows one connection through network policies and the sidecar. */
void explain(Snapshot cluster, String from, String to, int port) {
  var path = Paths.of(cluster, io.zta.network.Options.DEFAULT).explain(from, to, Port.tcp(port));
  System.out.println(path.from() + " -> " + path.to() + ": " + path.outcome());
  path.hops().forEach(hop -> System.out.println("  " + hop.what()));
}

/** Who may do something in a namespace, and by which grants. */
List<WhoCan> whoCan(Snapshot cluster, String action, String namespace) {
  return Rbac.of(cluster).whoCan(Action.named(action).orElseThrow(), Optional.of(namespace));
}
