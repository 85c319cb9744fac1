/**
 * VP8L, what a lossless WebP and the alpha of a lossy one hold, as the WebP Lossless Bitstream Specification defines it. The one Java library there is,
 * TwelveMonkeys 3.12.0, fails on or misreads some of the files that libwebp writes. No container lives here.
 */
package org.ballast.core.image.vp8l;
