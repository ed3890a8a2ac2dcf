package io.zta.verify.render;

final class HtmlReport {
    private HtmlReport() {}

    static String write(Dossier dossier) {
        return "";
    }
}
