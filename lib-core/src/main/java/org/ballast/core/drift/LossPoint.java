package org.ballast.core.drift;

import java.io.Serializable;

/** Mean training loss over the minibatches of the epochs up to {@code epoch} (from 1) since the point before. */
public record LossPoint(int epoch, double loss) implements Serializable {}
