package io.zta.verify.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code zta completion}: completion of the command in a shell. */
@Command(
        name = "completion",
        description = "Prints a script that completes `zta` in bash and zsh.",
        footerHeading = "%nExample:%n",
        footer = "  source <(zta completion)")
final class CompletionCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        spec.commandLine().getOut().print(AutoComplete.bash("zta", Commands.all()));
        return ExitCode.PROVEN;
    }
}
