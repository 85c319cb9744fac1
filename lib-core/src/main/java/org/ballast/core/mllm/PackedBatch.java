package org.ballast.core.mllm;

import static org.bytedeco.pytorch.global.torch.cat;
import static org.bytedeco.pytorch.global.torch.embedding;

import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Token sequences in one flat row without padding. A group is a prefix (picture and prompt) and any number of continuations that each see the prefix and themselves;
 * positions restart behind the prefix. Order of the tokens: group after group, in it the prefix, then the continuations.
 *
 * <p>Asked are the last positions of each prefix and every token of the continuations; the order of the answers is that of the tokens.
 */
final class PackedBatch {
    /**
     * @param image index of the group's picture, or -1
     * @param asked how many of the prefix's last positions are asked: one predicts what follows, all give every logit
     * @param continuations tokens fed in behind the prefix; an empty one takes no place
     * @param sequenceLength tokens of the longest sequence as the model sees it, for rotary positions that hang on it
     */
    record Group(String id, int image, int[] prefix, int asked, List<int[]> continuations, int sequenceLength) {
        Group {
            if (prefix.length == 0) {
                throw new IllegalArgumentException("row " + id + ": the prompt is empty");
            }
            if (asked < 1 || asked > prefix.length) {
                throw new IllegalArgumentException(
                        "row " + id + ": " + asked + " of " + prefix.length + " positions cannot be asked");
            }
            continuations = List.copyOf(continuations);
        }

        /** A prompt alone, asked for what follows it. */
        static Group prompt(String id, int image, int[] ids) {
            return new Group(id, image, ids, 1, List.of(), ids.length);
        }

        int tokens() {
            return prefix.length + continuationTokens();
        }

        int continuationTokens() {
            return continuations.stream().mapToInt(c -> c.length).sum();
        }

        /** Position of every token in its sequence: {@code [tokens]}. */
        long[] positions() {
            long[] out = new long[tokens()];
            int n = 0;
            while (n < prefix.length) {
                out[n] = n++;
            }
            for (int[] continuation : continuations) {
                for (int i = 0; i < continuation.length; i++) {
                    out[n++] = (long) prefix.length + i;
                }
            }
            return out;
        }

        /** Positions that give an answer. */
        int askers() {
            return asked + continuationTokens();
        }
    }

    private final LlavaConfig config;
    private final List<Group> groups;
    private final int tokens;

    /** @param images of the groups' indexes, for their number of values */
    PackedBatch(LlavaConfig config, List<Group> groups, List<ImageInput> images) {
        if (groups.isEmpty()) {
            throw new IllegalArgumentException("the batch is empty");
        }
        this.config = config;
        this.groups = List.copyOf(groups);
        groups.forEach(group -> check(group, images));
        this.tokens = groups.stream().mapToInt(Group::tokens).sum();
    }

    private void check(Group group, List<ImageInput> images) {
        int longest = group.prefix().length;
        for (int[] continuation : group.continuations()) {
            longest = Math.max(longest, group.prefix().length + continuation.length);
            requireWords(group, continuation);
        }
        if (longest > config.text().positionLimit()) {
            throw new IllegalArgumentException("row " + group.id() + ": " + longest + " tokens; the model has "
                    + config.text().positionLimit() + " positions");
        }
        int imageTokens = 0;
        for (int id : group.prefix()) {
            if (id == config.imageTokenId()) {
                imageTokens++;
            } else {
                requireInVocabulary(group, id);
            }
        }
        int expected = group.image() < 0 ? 0 : config.imageTokens();
        if (imageTokens != expected) {
            throw new IllegalArgumentException("row " + group.id() + ": " + imageTokens + " image tokens, expected "
                    + expected + (group.image() < 0 ? " (the row has no picture)" : ""));
        }
        if (group.image() >= 0) {
            ImageInput image = images.get(group.image());
            int values = image.expected(config);
            if (image.values().length != values) {
                throw new IllegalArgumentException("row " + group.id() + ": " + image.values().length + " "
                        + image.unit() + ", expected " + values);
            }
        }
    }

    private void requireWords(Group group, int[] ids) {
        for (int id : ids) {
            requireInVocabulary(group, id);
            if (id == config.imageTokenId()) {
                throw new IllegalArgumentException("row " + group.id() + ": an image token behind the prompt");
            }
        }
    }

    private void requireInVocabulary(Group group, int id) {
        if (id < 0 || id >= config.text().vocabSize()) {
            throw new IllegalArgumentException("row " + group.id() + ": token " + id + " is outside the vocabulary of "
                    + config.text().vocabSize());
        }
    }

    List<Group> groups() {
        return groups;
    }

    int tokens() {
        return tokens;
    }

    /** Places of the asked tokens: {@code [askers]}. */
    long[] askers() {
        long[] out = new long[groups.stream().mapToInt(Group::askers).sum()];
        int n = 0;
        int end = 0;
        for (Group group : groups) {
            end += group.tokens();
            for (int i = end - group.askers(); i < end; i++) {
                out[n++] = i;
            }
        }
        return out;
    }

    /**
     * Embeddings, image features in the place of the image tokens.
     *
     * @param features {@code [images, imageTokens, hidden]}; null without pictures
     * @return {@code [tokens, hidden]}
     */
    Tensor embeddings(Weights weights, Tensor features) {
        long[] text = new long[tokens];
        long[] order = new long[tokens];
        int texts = 0;
        int n = 0;
        for (Group group : groups) {
            int next = group.image() * config.imageTokens();
            for (int id : group.prefix()) {
                if (id == config.imageTokenId()) {
                    order[n++] = -1 - next++; // resolved when the number of text tokens is known
                } else {
                    order[n++] = texts;
                    text[texts++] = id;
                }
            }
            for (int[] continuation : group.continuations()) {
                for (int id : continuation) {
                    order[n++] = texts;
                    text[texts++] = id;
                }
            }
        }
        for (int i = 0; i < tokens; i++) {
            if (order[i] < 0) {
                order[i] = texts - 1 - order[i];
            }
        }
        Tensor ids = index(weights, Arrays.copyOf(text, texts)); // [texts]
        Tensor table = embedding(weights.tensor(LlavaTensors.EMBEDDING), ids); // [texts, d]
        if (features == null) {
            return table; // in the order of the tokens
        }
        table = cat(new TensorVector(table, features.reshape(-1, table.size(1))), 0); // [texts + images*imageTokens, d]
        return table.index_select(0, index(weights, order)); // [tokens, d]
    }

    static Tensor index(Weights weights, long[] values) {
        return Tensor.create(values, values.length).to(weights.device(), ScalarType.Long); // [values]
    }
}
