package org.ballast.core.data;

/** Why a row was put into quarantine: a closed set of codes. */
public enum Reason {
    /** A row that names no picture, in a format whose rows must have one. */
    NO_IMAGE("no-image"),
    /** A prompt that has a picture, and no image token in its text. */
    NO_IMAGE_TOKEN("prompt-without-image-token"),
    /** A row with more than one picture. */
    MANY_IMAGES("many-images"),
    /** The picture that the row names is not in the image root. */
    IMAGE_MISSING("image-missing"),
    /** The path of the picture is absolute, climbs out of the image root, or is a link out of it. */
    PATH_ESCAPES_ROOT("path-escapes-root"),
    /** A file without bytes. */
    IMAGE_EMPTY("image-empty"),
    /** The first bytes are those of no known picture format. */
    NOT_AN_IMAGE("not-an-image"),
    /** A picture of a format or variant that is not read. */
    IMAGE_UNSUPPORTED("image-unsupported"),
    /** The file ends before the picture does. */
    IMAGE_TRUNCATED("image-truncated"),
    /** The bytes contradict their format. */
    IMAGE_CORRUPT("image-corrupt"),
    /** More bytes or pixels than the limits allow. */
    IMAGE_TOO_LARGE("image-too-large"),
    /** The label is no integer, or no class of the class list. */
    BAD_LABEL("bad-label"),
    /** A field that the format requires is absent, empty or of another type. */
    MISSING_FIELD("missing-field"),
    /** An element of the annotation file that is no object. */
    NOT_A_ROW("not-a-row"),
    /** A row whose text is no JSON or no UTF-8, names a field twice or nests too deep. */
    MALFORMED_ROW("malformed-row"),
    /** Turns that do not alternate between user and model. */
    BAD_CONVERSATION("bad-conversation"),
    /** A second row with an id that must be unique. */
    DUPLICATE_ID("duplicate-id"),
    /** A row of a group that is in a training-most split too: held out, it would leak. */
    SPLIT_CONFLICT("split-conflict"),
    /** A second row that is equal to an earlier one. */
    DUPLICATE_ROW("duplicate-row"),
    /** A text holds a word that the format to be written keeps for pictures and other files. */
    RESERVED_TOKEN("reserved-token"),
    /** More tokens or words than the limits allow. */
    TOO_LONG("too-long"),
    /** The model answered nothing. */
    EMPTY_RESPONSE("empty-response"),
    /** A negative that says the same as the positive. */
    SAME_AS_POSITIVE("same-as-positive"),
    /** A negative that says the same as the positive in nearly the same words. */
    NEARLY_POSITIVE("nearly-positive"),
    /** The model declined to answer. */
    REFUSED("refused"),
    /** A negative that repeats the prompt. */
    ECHO_OF_PROMPT("echo-of-prompt"),
    /** A negative whose generation ended at its limit of tokens. */
    CUT_BY_LIMIT("cut-by-limit"),
    /** A negative in another script than the positive. */
    WRONG_LANGUAGE("wrong-language"),
    /** A negative that is much shorter or longer than the positive. */
    LENGTH_RATIO("length-ratio"),
    /** A negative that goes in circles. */
    REPETITION("repetition"),
    /** A negative in which the whole positive stands. */
    CONTAINS_POSITIVE("contains-positive"),
    /** A negative that says nearly the same as another one of the prompt. */
    NEAR_DUPLICATE("near-duplicate"),
    /** A negative that is no error by what is known of the picture. */
    NOT_WRONG("not-wrong"),
    /** A negative whose sentence embedding is too near to the positive's, or too far from it. */
    SIMILARITY("similarity"),
    /** No other row qualifies as a negative. */
    NO_CANDIDATE("no-candidate"),
    /** The model or its server failed on the row, after all retries. */
    GENERATION_FAILED("generation-failed"),
    /** A number that must be finite is not. */
    NOT_FINITE("not-finite");

    private final String code;

    Reason(String code) {
        this.code = code;
    }

    /** The name in tables. */
    public String code() {
        return code;
    }

    /** @throws IllegalArgumentException when {@code code} is none of the closed set */
    public static Reason of(String code) {
        for (Reason reason : values()) {
            if (reason.code.equals(code)) {
                return reason;
            }
        }
        throw new IllegalArgumentException("unknown quarantine reason '" + code + "'");
    }
}
