package io.zta.verify.cli;

/** Entry point of the {@code zta} command. So far it prints its version. */
public final class Main {
    private Main() {}

    /**
     * Prints the version to standard output.
     *
     * @param arguments not read yet
     */
    public static void main(String[] arguments) {
        String version = Main.class.getPackage().getImplementationVersion();
        System.out.println("zta " + (version == null ? "(not packaged)" : version));
    }
}
