package org.ballast.core.data.split;

import java.io.Serial;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a row is held together with others by: texts such as {@code image:<image id>}. Rows that share one are a group, and
 * so are rows that are linked over several.
 */
public final class GroupKeys implements Serializable {
    @Serial
    private static final long serialVersionUID = 1;

    private final List<GroupBy> groupBy;
    private final Pattern pattern;

    public GroupKeys(SplitRule rule) {
        this.groupBy = rule.groupBy();
        this.pattern = rule.pattern() == null ? null : Pattern.compile(rule.pattern());
    }

    /** True when rows have one key each, so that the key itself is the group. */
    public boolean single() {
        return groupBy.size() == 1 && groupBy.get(0) != GroupBy.NEAR_DUPLICATE;
    }

    /**
     * Keys of a row, at least one. A row without a picture, or whose id the pattern is not found in, is grouped by its id,
     * so that the turns of a conversation stay together.
     *
     * @param id the source's id of the row
     * @param imageId null without a picture
     * @param duplicateOf {@code image_id} that the row's picture looks like; null for none
     */
    public List<String> of(String id, String imageId, String duplicateOf, String source) {
        LinkedHashSet<String> keys = new LinkedHashSet<>();
        for (GroupBy by : groupBy) {
            switch (by) {
                case IMAGE -> keys.add(picture(id, imageId));
                case NEAR_DUPLICATE -> {
                    keys.add(picture(id, imageId));
                    if (imageId != null && duplicateOf != null) {
                        keys.add("image:" + duplicateOf);
                    }
                }
                case SOURCE -> keys.add("source:" + source);
                case PATTERN -> keys.add(match(id));
            }
        }
        return new ArrayList<>(keys);
    }

    private static String picture(String id, String imageId) {
        return imageId == null ? "id:" + id : "image:" + imageId;
    }

    private String match(String id) {
        Matcher matcher = pattern.matcher(id);
        return matcher.find() && matcher.group(1) != null ? "match:" + matcher.group(1) : "id:" + id;
    }
}
