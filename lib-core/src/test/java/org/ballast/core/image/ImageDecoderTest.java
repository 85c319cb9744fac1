package org.ballast.core.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.ballast.core.image.ImageHeader.Format;
import org.ballast.core.image.ImageRejected.Reason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageDecoderTest {
    private static final PixelGoldens GOLDENS = PixelGoldens.open("mllm-a/preprocessing.safetensors");
    private static final ImageLimits LIMITS = new ImageLimits(1 << 20, 1 << 20, 4096);
    private static final ImageDecoder WHITE = new ImageDecoder(LIMITS, RgbConversion.TRANSFORMERS);
    private static final ImageDecoder DROP = new ImageDecoder(LIMITS, RgbConversion.PILLOW);

    private static byte[] file(String name) {
        return PixelGoldens.bytes("mllm-a/images/" + name);
    }

    private static Reason reasonFor(byte[] bytes) {
        return catchThrowableOfType(ImageRejected.class, () -> WHITE.decode(bytes))
                .reason();
    }

    @ParameterizedTest
    @CsvSource({
        "dot_1x1.png,1,1",
        "gray16_64x48.png,64,48",
        "gray_90x120.png,90,120",
        "palette_70x50.png,70,50",
        "photo_61x97.png,61,97",
        "rgba_80x64.png,80,64",
        "square.png,56,56",
        "exif6_120x80.jpg,120,80",
        "wide_300x40.jpg,300,40"
    })
    void decodesTheGoldenPicturesAsPillowDoes(String name, int width, int height) throws ImageRejected {
        byte[] bytes = file(name);
        Format format = name.endsWith("png") ? Format.PNG : Format.JPEG;
        assertThat(ImageHeader.read(bytes)).isEqualTo(new ImageHeader(format, width, height));
        RgbImage expected = GOLDENS.image(name.substring(0, name.lastIndexOf('.')) + ".rgb");
        assertThat(DROP.decode(bytes)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sampled-420",
                "sampled-444",
                "sampled-422",
                "grey",
                "cmyk",
                "own-tables",
                "restarts",
                "restarts-444",
                "progressive"
            })
    void checksAJpegWithoutItsPixelsAsItDecodesIt(String name) throws IOException {
        byte[] good = PixelGoldens.bytes("jpeg/" + name + ".jpg");
        assertThat(JpegScan.isWhole(good)).isEqualTo(!name.equals("progressive"));
        var random = new Random(5);
        int accepted = 0;
        for (int i = 0; i < 400; i++) {
            byte[] bytes = i == 0 ? good : broken(good, random);
            ImageRejected decoded = catchThrowableOfType(ImageRejected.class, () -> WHITE.decode(bytes));
            ImageRejected checked = catchThrowableOfType(ImageRejected.class, () -> WHITE.check(bytes));
            assertThat(checked == null ? null : checked.reason())
                    .as("input %d", i)
                    .isEqualTo(decoded == null ? null : decoded.reason());
            accepted += decoded == null ? 1 : 0;
        }
        assertThat(accepted).isBetween(50, 350);
    }

    /** Some bytes changed, and often the end cut off, with an end marker again or without. */
    private static byte[] broken(byte[] good, Random random) {
        boolean cut = random.nextBoolean();
        byte[] bytes = cut ? Arrays.copyOf(good, 4 + random.nextInt(good.length - 4)) : good.clone();
        for (int change = random.nextInt(4); change > 0; change--) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        if (cut && random.nextBoolean()) {
            bytes[bytes.length - 2] = (byte) 0xff;
            bytes[bytes.length - 1] = (byte) 0xd9;
        }
        return bytes;
    }

    @Test
    void compositesOnWhiteAsPillowDoes() throws ImageRejected {
        float[] pixels = ClipPreprocessor.clip(56).apply(WHITE.decode(file("rgba_80x64.png")));
        assertThat(pixels).containsExactly(GOLDENS.floats("rgba_80x64.white.crop"), within(1e-6f));
    }

    @Test
    void turnsPicturesUprightAsPillowDoes() throws ImageRejected {
        assertThat(WHITE.decode(file("exif6_120x80.jpg"))).isEqualTo(GOLDENS.image("exif6_120x80.upright.rgb"));
        assertThat(DROP.decode(file("exif6_120x80.jpg"))).isEqualTo(GOLDENS.image("exif6_120x80.rgb"));
    }

    @ParameterizedTest
    @CsvSource({
        "1,1 2 3 4 5 6,3",
        "2,3 2 1 6 5 4,3",
        "3,6 5 4 3 2 1,3",
        "4,4 5 6 1 2 3,3",
        "5,1 4 2 5 3 6,2",
        "6,4 1 5 2 6 3,2",
        "7,6 3 5 2 4 1,2",
        "8,3 6 2 5 1 4,2",
        "9,1 2 3 4 5 6,3"
    })
    void knowsAllEightOrientationsOfAPngToo(int orientation, String pixels, int width)
            throws IOException, ImageRejected {
        // 1 2 3 over 4 5 6
        byte[] exif = {
            'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte) orientation, 0, 0, 0, 0, 0, 0
        };
        byte[] png = png(3, 2, 8, 0, chunk("eXIf", exif), new byte[] {0, 1, 2, 3, 0, 4, 5, 6});
        RgbImage image = WHITE.decode(png);
        assertThat(image.width()).isEqualTo(width);
        var grey = new StringBuilder();
        for (int i = 0; i < image.rgb().length; i += 3) {
            grey.append(i == 0 ? "" : " ").append(image.rgb()[i]);
        }
        assertThat(grey).hasToString(pixels);
    }

    @Test
    void brokenExifIsNoFaultOfThePicture() throws IOException, ImageRejected {
        for (byte[] exif : new byte[][] {
            {},
            {'M', 'M'},
            {'I', 'I', 42, 0, (byte) 255, (byte) 255, (byte) 255, (byte) 255},
            {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 9}
        }) {
            byte[] png = png(1, 1, 8, 0, chunk("eXIf", exif), new byte[] {0, 7});
            assertThat(WHITE.decode(png).rgb()).containsExactly(7, 7, 7);
        }
    }

    @Test
    void readsLowDepthsAndSingleTransparentColours() throws IOException, ImageRejected {
        // four samples 0 1 2 3 of 2 bits in one byte; sample 2 is transparent
        byte[] grey = png(4, 1, 2, 0, chunk("tRNS", new byte[] {0, 2}), new byte[] {0, 0b00011011});
        assertThat(DROP.decode(grey).rgb()).containsExactly(bytes(0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255));
        assertThat(WHITE.decode(grey).rgb()).containsExactly(bytes(0, 0, 0, 85, 85, 85, 255, 255, 255, 255, 255, 255));
        byte[] color = png(2, 1, 8, 2, chunk("tRNS", new byte[] {0, 1, 0, 2, 0, 3}), new byte[] {0, 1, 2, 3, 4, 5, 6});
        assertThat(WHITE.decode(color).rgb()).containsExactly(255, 255, 255, 4, 5, 6);
        assertThat(DROP.decode(color).rgb()).containsExactly(1, 2, 3, 4, 5, 6);
        byte[] wide = png(1, 1, 16, 6, new byte[0], new byte[] {0, 10, 99, 20, 99, 30, 99, (byte) 128, 0});
        assertThat(DROP.decode(wide).rgb()).containsExactly(10, 20, 30);
        assertThat(WHITE.decode(wide).rgb()).containsExactly(bytes(132, 137, 142)); // (10 * 128 + 255 * 127) / 255 ...
        byte[] greyAlpha = png(2, 1, 8, 4, new byte[0], new byte[] {0, 9, (byte) 255, 9, 0});
        assertThat(WHITE.decode(greyAlpha).rgb()).containsExactly(9, 9, 9, 255, 255, 255);
    }

    @Test
    void aPalettesTransparencyIsHonoured() throws IOException, ImageRejected {
        byte[] colors = join(chunk("PLTE", bytes(10, 20, 30, 200, 0, 0)), chunk("tRNS", bytes(0)));
        byte[] png = png(3, 1, 8, 3, colors, new byte[] {0, 1, 0, 1});
        assertThat(WHITE.decode(png).rgb()).containsExactly(bytes(200, 0, 0, 255, 255, 255, 200, 0, 0));
        assertThat(DROP.decode(png).rgb()).containsExactly(bytes(200, 0, 0, 10, 20, 30, 200, 0, 0));
    }

    @Test
    void readsCmykAsInvertedInks() throws IOException, ImageRejected {
        var raster = Raster.createInterleavedRaster(DataBuffer.TYPE_BYTE, 16, 16, 4, null);
        int[] stored = {255, 0, 128, 200};
        for (int band = 0; band < 4; band++) {
            int[] samples = new int[256];
            Arrays.fill(samples, stored[band]);
            raster.setSamples(0, 0, 16, 16, band, samples);
        }
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        var bytes = new ByteArrayOutputStream();
        try (var out = new MemoryCacheImageOutputStream(bytes)) {
            writer.setOutput(out);
            writer.write(null, new IIOImage(raster, null, null), null);
        } finally {
            writer.dispose();
        }
        assertThat(JpegFrame.read(bytes.toByteArray()).colorSpace()).isEqualTo(JpegFrame.ColorSpace.CMYK);
        byte[] rgb = DROP.decode(bytes.toByteArray()).rgb();
        // no ink, full ink, half ink under a black of 200
        assertThat(rgb[0] & 255).isBetween(198, 202);
        assertThat(rgb[1] & 255).isBetween(0, 2);
        assertThat(rgb[2] & 255).isBetween(98, 103);
    }

    @Test
    void pngsOfPicturesComeBack() throws ImageRejected {
        RgbImage photo = GOLDENS.image("photo_61x97.rgb");
        assertThat(WHITE.decode(photo.toPng())).isEqualTo(photo);
    }

    @Test
    void ignoresBrokenChunksThatMakeNoPixels() throws IOException, ImageRejected {
        byte[] profile = chunk("iCCP", "no profile at all".getBytes(StandardCharsets.US_ASCII));
        byte[] text = chunk("zTXt", new byte[] {1, 2, 3});
        byte[] png = png(1, 1, 8, 2, join(profile, text), new byte[] {0, 7, 8, 9});
        assertThat(WHITE.decode(png).rgb()).containsExactly(7, 8, 9);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gif", "bmp"})
    void readsGifAndBmp(String format) throws IOException, ImageRejected {
        var image = new BufferedImage(2, 1, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 0xff0000);
        image.setRGB(1, 0, 0x0000ff);
        var bytes = new ByteArrayOutputStream();
        ImageIO.write(image, format, bytes);
        assertThat(WHITE.header(bytes.toByteArray()))
                .isEqualTo(new ImageHeader(Format.valueOf(format.toUpperCase(Locale.ROOT)), 2, 1));
        assertThat(WHITE.decode(bytes.toByteArray()).rgb()).containsExactly(bytes(255, 0, 0, 0, 0, 255));
        assertThat(reasonFor(Arrays.copyOf(bytes.toByteArray(), 20))).isEqualTo(Reason.TRUNCATED);
    }

    @Test
    void checksTheLimitsBeforeDecoding() throws IOException {
        // a header that promises 1.8 gigapixels, and no data behind it
        byte[] bomb = png(60000, 30000, 8, 2, new byte[0], new byte[0]);
        assertThat(reasonFor(bomb)).isEqualTo(Reason.TOO_LARGE);
        assertThatThrownBy(() -> WHITE.header(bomb)).hasMessageContaining("60000 x 30000");
        byte[] photo = file("photo_61x97.png");
        assertRejected(new ImageLimits(photo.length - 1, 1 << 20, 4096), photo);
        assertRejected(new ImageLimits(1 << 20, 61 * 97 - 1, 4096), photo);
        assertRejected(new ImageLimits(1 << 20, 1 << 20, 96), photo);
    }

    private static void assertRejected(ImageLimits limits, byte[] bytes) {
        assertThat(catchThrowableOfType(ImageRejected.class, () -> new ImageDecoder(limits, RgbConversion.TRANSFORMERS)
                                .decode(bytes))
                        .reason())
                .isEqualTo(Reason.TOO_LARGE);
    }

    @Test
    void namesTheReasonOfARejection() throws IOException {
        assertThat(reasonFor(new byte[0])).isEqualTo(Reason.EMPTY);
        assertThat(reasonFor("<html>no picture</html>".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(Reason.NOT_AN_IMAGE);
        assertThat(reasonFor("RIFF\0\0\0\0WEBPVP8 ".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(Reason.TRUNCATED);
        assertThat(reasonFor("\0\0\0 ftypavif".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo(Reason.UNSUPPORTED);
        byte[] flipped = file("photo_61x97.png");
        flipped[flipped.length / 2] ^= 1;
        assertThat(reasonFor(flipped)).isEqualTo(Reason.CORRUPT);
        assertThat(reasonFor(png(0, 5, 8, 2, new byte[0], new byte[0]))).isEqualTo(Reason.CORRUPT);
        assertThat(reasonFor(png(5, 5, 8, 2, new byte[0], new byte[] {0, 1, 2})))
                .isEqualTo(Reason.TRUNCATED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"photo_61x97.png", "wide_300x40.jpg", "exif6_120x80.jpg", "palette_70x50.png"})
    void truncatedFilesAreRejectedAtEveryLength(String name) {
        byte[] whole = file(name);
        // below 12 bytes there may be no signature; the last two bytes of a JPEG are its end marker
        for (int length = 12; length < whole.length - 2; length += 1 + length / 16) {
            assertThat(reasonFor(Arrays.copyOf(whole, length)))
                    .as("%s at %d", name, length)
                    .isEqualTo(Reason.TRUNCATED);
        }
    }

    @Test
    void damagedFilesEndInAPictureOrARejection() {
        var random = new Random(7);
        for (String name :
                new String[] {"photo_61x97.png", "wide_300x40.jpg", "palette_70x50.png", "exif6_120x80.jpg"}) {
            for (int round = 0; round < 150; round++) {
                byte[] bytes = file(name);
                for (int i = 0; i < 1 + round / 20; i++) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
                }
                try {
                    assertThat(WHITE.decode(bytes).rgb()).isNotEmpty();
                } catch (ImageRejected e) {
                    assertThat(e.reason().code()).isNotEmpty();
                }
            }
        }
    }

    @Test
    void anUnknownJpegComponentOrderIsReadAsYcc() throws ImageRejected {
        assertThat(JpegFrame.read(file("wide_300x40.jpg"))).isEqualTo(new JpegFrame(300, 40, JpegFrame.ColorSpace.YCC));
        byte[] noJfif = file("wide_300x40.jpg");
        noJfif[6] = 'X';
        // without subsampling ImageIO would guess RGB here
        assertThat(DROP.decode(noJfif)).isEqualTo(GOLDENS.image("wide_300x40.rgb"));
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }

    private static byte[] png(int width, int height, int depth, int color, byte[] extra, byte[] rows)
            throws IOException {
        var deflater = new Deflater();
        deflater.setInput(rows);
        deflater.finish();
        byte[] packed = new byte[64];
        int size = deflater.deflate(packed);
        ByteBuffer header = ByteBuffer.allocate(13)
                .putInt(width)
                .putInt(height)
                .put((byte) depth)
                .put((byte) color);
        return join(
                new byte[] {(byte) 0x89, 'P', 'N', 'G', 13, 10, 26, 10},
                chunk("IHDR", header.array()),
                extra,
                chunk("IDAT", Arrays.copyOf(packed, size)),
                chunk("IEND", new byte[0]));
    }

    private static byte[] chunk(String type, byte[] data) {
        ByteBuffer chunk = ByteBuffer.allocate(12 + data.length).putInt(data.length);
        chunk.put(type.getBytes(StandardCharsets.US_ASCII)).put(data);
        var crc = new CRC32();
        crc.update(chunk.array(), 4, 4 + data.length);
        return chunk.putInt((int) crc.getValue()).array();
    }

    private static byte[] join(byte[]... parts) throws IOException {
        var out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.write(part);
        }
        return out.toByteArray();
    }
}
