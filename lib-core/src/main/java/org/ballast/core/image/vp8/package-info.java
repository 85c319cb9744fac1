/**
 * Key frames of VP8, what a lossy WebP holds, to RGB bit for bit as libwebp decodes them (RFC 6386). The one Java library there is, TwelveMonkeys
 * 3.12.0, misses them by 3 to 41 levels a sample and takes some hundred bytes a pixel. No container and no alpha live here.
 */
package org.ballast.core.image.vp8;
