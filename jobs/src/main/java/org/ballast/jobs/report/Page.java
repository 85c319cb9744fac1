package org.ballast.jobs.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/** An HTML page as it is written: every text is escaped, every picture is a data URI. */
final class Page {
    private final StringBuilder html = new StringBuilder(1 << 20);

    /** Starts the page up to its header. */
    Page(String title) {
        html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
                .append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>")
                .append(escape(title))
                .append("</title>\n<style>\n")
                .append(style())
                .append("</style>\n</head>\n<body>\n<main>\n");
    }

    /** The whole page. */
    String end() {
        return html.append("</main>\n</body>\n</html>\n").toString();
    }

    /** Markup as it is. */
    Page raw(String markup) {
        html.append(markup);
        return this;
    }

    /** Text, escaped. */
    Page text(String text) {
        html.append(escape(text));
        return this;
    }

    /** A term of a list and what it is. */
    void fact(String label, String value) {
        html.append("<div><dt>")
                .append(escape(label))
                .append("</dt><dd>")
                .append(escape(value))
                .append("</dd></div>\n");
    }

    void picture(byte[] png, String label, String alternative) {
        html.append("<figure><img src=\"")
                .append(dataUri(png))
                .append("\" alt=\"")
                .append(escape(alternative))
                .append("\"><figcaption>")
                .append(escape(label))
                .append("</figcaption></figure>");
    }

    /** A line of an example's list. */
    void line(String label, String text, String kind) {
        html.append("<div class=\"")
                .append(kind)
                .append("\"><dt>")
                .append(escape(label))
                .append("</dt><dd>")
                .append(text.isBlank() ? "<em>empty</em>" : escape(text))
                .append("</dd></div>\n");
    }

    /** Starts a section. */
    void open(String id, String title) {
        html.append("<section id=\"")
                .append(escape(id))
                .append("\">\n<h2>")
                .append(escape(title))
                .append("</h2>\n");
    }

    /** Ends a section. */
    void close() {
        html.append("</section>\n");
    }

    void paragraph(String text) {
        html.append("<p>").append(escape(text)).append("</p>\n");
    }

    void figure(Figure figure) {
        html.append("<figure class=\"plot\" id=\"")
                .append(escape(figure.id()))
                .append("\"><picture><source media=\"(max-width: 560px)\" srcset=\"")
                .append(dataUri(figure.narrow()))
                .append("\"><img src=\"")
                .append(dataUri(figure.wide()))
                .append("\" alt=\"")
                .append(escape(figure.alternative()))
                .append("\" width=\"")
                .append(figure.width())
                .append("\"></picture>\n<figcaption>")
                .append(escape(figure.caption()))
                .append("</figcaption></figure>\n");
    }

    /** A table, where there is one. */
    void table(Optional<Table> found) {
        if (found.isEmpty()) {
            return;
        }
        Table table = found.get();
        html.append("<h3>").append(escape(table.title())).append("</h3>\n<div class=\"table\"><table>\n<thead><tr>");
        for (int column = 0; column < table.columns().size(); column++) {
            cell("th", column < table.names(), table.columns().get(column));
        }
        html.append("</tr></thead>\n<tbody>\n");
        String group = null;
        for (List<String> row : table.rows()) {
            html.append(row.get(0).equals(group) ? "<tr>" : "<tr class=\"first\">");
            group = row.get(0);
            for (int column = 0; column < row.size(); column++) {
                cell("td", column < table.names(), row.get(column));
            }
            html.append("</tr>\n");
        }
        html.append("</tbody></table></div>\n<p class=\"note\">")
                .append(escape(table.note()))
                .append("</p>\n");
    }

    private void cell(String element, boolean name, String text) {
        html.append('<').append(element).append(name ? " class=\"name\">" : ">");
        html.append(escape(text)).append("</").append(element).append('>');
    }

    private static String dataUri(byte[] png) {
        return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
    }

    /** Text as HTML, in content and in quoted attributes. */
    static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length() + 16);
        for (int index = 0; index < text.length(); index++) {
            char c = text.charAt(index);
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                default -> escaped.append(c);
            }
        }
        return escaped.toString();
    }

    private static String style() {
        try (InputStream css = Page.class.getResourceAsStream("report.css")) {
            if (css == null) {
                throw new IllegalStateException("report.css is missing beside " + Page.class.getName());
            }
            return new String(css.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
