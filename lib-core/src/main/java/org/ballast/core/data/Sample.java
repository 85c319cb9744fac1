package org.ballast.core.data;

import java.io.Serializable;

/**
 * A captioned, labelled picture (OpenMMlo): table {@code samples}, key {@code sample_id}.
 *
 * @param sampleId the source's own id
 * @param imageId the picture, see {@link ImageRow}
 * @param caption text as in the source; may be empty
 * @param captionMasked true when words of the class name stand as {@code [mask]} in the caption
 * @param label class index; -1 for a picture outside all classes
 * @param labelName class name, null when unknown
 * @param split name of the partition: {@code train}, {@code val} ...
 * @param source where the row came from
 * @param window time window of a stream, null when there is none
 */
public record Sample(
        String sampleId,
        String imageId,
        String caption,
        boolean captionMasked,
        int label,
        String labelName,
        Domain domain,
        String split,
        String source,
        String window)
        implements Serializable {
    public Sample {
        Rows.requireText(sampleId, "sample", sampleId, "sample_id");
        Rows.requireText(imageId, "sample", sampleId, "image_id");
        Rows.requirePresent(caption, "sample", sampleId, "caption");
        Rows.requirePresent(domain, "sample", sampleId, "domain");
        Rows.require(
                label >= 0 || (label == -1 && domain == Domain.OUT_OF_DISTRIBUTION),
                "sample",
                sampleId,
                "label",
                label,
                "must be a class index (-1 only out of distribution)");
        Rows.requireText(split, "sample", sampleId, "split");
        Rows.requireText(source, "sample", sampleId, "source");
    }
}
