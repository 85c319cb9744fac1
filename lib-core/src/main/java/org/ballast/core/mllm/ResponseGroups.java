package org.ballast.core.mllm;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Rows whose responses are predicted, grouped by picture and prompt: equal pictures are one picture, equal prompts one prefix, and equal responses to it one response.
 */
final class ResponseGroups {
    private final LlavaConfig config;
    private final Map<ImageInput, Integer> images = new LinkedHashMap<>();
    private final Map<PrefixKey, Group> groups = new LinkedHashMap<>();

    private record PrefixKey(int image, IntBuffer prompt, int length) {}

    /** A prefix with its different responses, and which rows they are. */
    static final class Group {
        private final String id;
        private final int image;
        private final int[] prompt;
        private final Map<IntBuffer, List<Integer>> rowsByResponse = new LinkedHashMap<>();

        private Group(String id, int image, int[] prompt) {
            this.id = id;
            this.image = image;
            this.prompt = prompt;
        }

        int image() {
            return image;
        }

        int[] prompt() {
            return prompt;
        }

        String id() {
            return id;
        }

        List<int[]> responses() {
            return rowsByResponse.keySet().stream().map(IntBuffer::array).toList();
        }

        /** Rows of each response. */
        List<List<Integer>> rows() {
            return List.copyOf(rowsByResponse.values());
        }

        int tokens() {
            return prompt.length
                    + responses().stream().mapToInt(r -> r.length - 1).sum();
        }
    }

    ResponseGroups(LlavaConfig config, List<ResponseRow> rows) {
        if (rows.isEmpty()) {
            throw new IllegalArgumentException("the batch is empty");
        }
        this.config = config;
        for (int i = 0; i < rows.size(); i++) {
            add(i, rows.get(i));
        }
    }

    private void add(int index, ResponseRow row) {
        row.check(config);
        int image = row.image() == null ? -1 : images.computeIfAbsent(row.image(), key -> images.size());
        PrefixKey key = new PrefixKey(image, IntBuffer.wrap(row.prompt()), lengthThatMatters(row));
        groups.computeIfAbsent(key, k -> new Group(row.id(), image, row.prompt()))
                .rowsByResponse
                .computeIfAbsent(IntBuffer.wrap(row.response()), k -> new ArrayList<>())
                .add(index);
    }

    /** Under dynamic scaling a long sequence turns its prompt by angles of its own, which only rows of its length share. */
    private int lengthThatMatters(ResponseRow row) {
        int length = row.prompt().length + row.response().length;
        return config.text().rope() instanceof RopeScaling.Dynamic d && length > d.originalMaxPositions() ? length : 0;
    }

    /** The different pictures; a group's image is an index into them. */
    List<ImageInput> images() {
        return List.copyOf(images.keySet());
    }

    /** Groups in the order of their pictures, then of their first rows; as many together as the tokens allow, at least one. */
    List<List<Group>> parts(int batchTokens) {
        List<Group> ordered = new ArrayList<>(groups.values());
        ordered.sort(Comparator.comparingInt(Group::image));
        List<List<Group>> out = new ArrayList<>();
        int tokens = 0;
        for (Group group : ordered) {
            if (out.isEmpty() || tokens + group.tokens() > batchTokens) {
                out.add(new ArrayList<>());
                tokens = 0;
            }
            out.get(out.size() - 1).add(group);
            tokens += group.tokens();
        }
        return out;
    }

    /** Sequences to feed in, their pictures numbered from 0 in the order of {@link #imagesOf}. */
    PackedBatch packed(List<Group> part) {
        List<Integer> order = imagesOf(part);
        List<ImageInput> all = images();
        List<PackedBatch.Group> packed = new ArrayList<>();
        for (Group group : part) {
            List<int[]> fed = group.responses().stream()
                    .map(r -> Arrays.copyOf(r, r.length - 1))
                    .toList();
            int longest =
                    group.responses().stream().mapToInt(r -> r.length).max().orElseThrow();
            packed.add(new PackedBatch.Group(
                    group.id, order.indexOf(group.image), group.prompt, 1, fed, group.prompt.length + longest));
        }
        return new PackedBatch(config, packed, order.stream().map(all::get).toList());
    }

    /** Indexes of the different pictures of some groups. */
    static List<Integer> imagesOf(List<Group> part) {
        return part.stream().map(Group::image).filter(i -> i >= 0).distinct().toList();
    }
}
