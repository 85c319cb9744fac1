package org.ballast.jobs.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.ballast.spark.evaluate.Metrics;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final Pattern SOURCE = Pattern.compile("\\s(?:src|srcset|href|poster|action)=\"([^\"]*)\"");
    private static String html;

    @BeforeAll
    static void render() throws IOException {
        System.setProperty("java.awt.headless", "true");
        html = Report.html(GeneratedReport.data());
        Files.writeString(Path.of("target", "report-test.html"), html);
    }

    @Test
    void needsNothingElse() {
        assertThat(html).doesNotContainPattern("(?i)https?:").doesNotContainPattern("(?i)<(script|link|iframe|object)");
        assertThat(html).doesNotContainPattern("(?i)url\\(|@import");
        Matcher sources = SOURCE.matcher(html);
        int count = 0;
        while (sources.find()) {
            assertThat(sources.group(1)).startsWith("data:image/png;base64,");
            count++;
        }
        assertThat(count).isGreaterThan(20);
    }

    @Test
    void everyPictureDecodes() throws IOException {
        Matcher sources = SOURCE.matcher(html);
        while (sources.find()) {
            byte[] png = Base64.getDecoder().decode(sources.group(1).substring("data:image/png;base64,".length()));
            assertThat(ImageIO.read(new ByteArrayInputStream(png))).isNotNull();
        }
    }

    @Test
    void escapesTextOfTheData() {
        assertThat(html)
                .contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quoted&quot; &lt;image&gt;")
                .doesNotContain("<script>");
    }

    @Test
    void hasEveryFigureWithItsCaption() {
        assertThat(html)
                .contains(
                        "id=\"class-histogram\"",
                        "id=\"loss-SFT\"",
                        "id=\"loss-DPO\"",
                        "id=\"weakening-curve\"",
                        "id=\"lengths-negatives-mllm-hal\"",
                        "id=\"lengths-negatives-swapped-hal\"",
                        "id=\"reward-margins\"",
                        "id=\"accuracy-test\"",
                        "id=\"ood-tsp-tspDensity\"")
                .doesNotContain("id=\"ood-tsp-msp\"");
        assertThat(html.split("<figure class=\"plot\"", -1).length)
                .isEqualTo(html.split("</picture>\n<figcaption>", -1).length);
        assertThat(html).contains("out-of-distribution is the positive class").contains("pooled over the samples");
    }

    @Test
    void tellsOfTheNegatives() {
        String section = html.substring(html.indexOf("<section id=\"negatives\""));
        section = section.substring(0, section.indexOf("</section>"));
        assertThat(section)
                .contains(
                        "<td class=\"name\">mllm-hal</td><td>900</td><td>6.4</td><td>9.1</td><td>0.40 / 0.71 / 1.20</td>",
                        "<td>0.831 ± 0.013</td><td>12,345</td>",
                        "<td>–</td><td>12,345</td>",
                        "<td class=\"name\">all</td><td>1,800</td>",
                        "<td>0.801 ± 0.013</td>",
                        "<td class=\"name\">0123456789ab…</td>",
                        "Examples of swapped-hal",
                        "<em>empty</em>");
        assertThat(section.split("<article", -1))
                .as("three examples of two types")
                .hasSize(7);
        assertThat(section.split("<figcaption>picture", -1))
                .as("one of them with a picture")
                .hasSize(3);
    }

    @Test
    void everyElementThatOpensCloses() {
        for (String element :
                List.of("section", "div", "figure", "table", "tr", "td", "dl", "ul", "li", "article", "p", "main")) {
            assertThat(html.split("<" + element + "[ >]", -1).length)
                    .as(element)
                    .isEqualTo(html.split("</" + element + ">", -1).length);
        }
    }

    @Test
    void showsWhatThereIsWhenPartsAreMissing() {
        ReportData full = GeneratedReport.data();
        Metrics bare = new Metrics(Metrics.VERSION, Metrics.CONVENTIONS, Map.of(), List.of(), null, null);
        String page = Report.html(new ReportData(
                full.title(), full.run(), List.of(), List.of(), bare, List.of(), "train", List.of(), List.of()));
        assertThat(page).doesNotContain("id=\"negatives\"");
        assertThat(page).contains("No adapter heads in this run").contains("No examples in this run");
        assertThat(Report.text(bare)).isEmpty();
    }

    @Test
    void drawsTheSamePageAgain() {
        assertThat(Report.html(GeneratedReport.data())).isEqualTo(html);
    }
}
