/**
 * Pictures: bytes to 8-bit RGB within limits, CLIP preprocessing equal to PIL's, and diffusion noise on the normalised pixels. No model and no
 * tensor library lives here.
 */
package org.ballast.core.image;
