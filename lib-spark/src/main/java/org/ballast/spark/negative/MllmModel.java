package org.ballast.spark.negative;

import java.util.ArrayList;
import java.util.List;
import org.ballast.core.data.Reason;
import org.ballast.core.image.DiffusionNoise;
import org.ballast.core.image.ImageRejected;
import org.ballast.core.mllm.generate.Generation;
import org.ballast.core.mllm.generate.GenerationOptions;
import org.ballast.core.mllm.generate.GenerationRequest;
import org.ballast.core.mllm.generate.Generator;
import org.ballast.core.response.ResponseModel;
import org.ballast.core.response.ResponseRequest;
import org.ballast.core.text.TextRejected;
import org.ballast.spark.model.ModelSpec;
import org.ballast.spark.model.OpenModel;
import org.ballast.spark.train.ExecutorCache;

/** A checkpoint in this process, shared with the other tasks of the executor; requests are decoded in batches. */
final class MllmModel implements ResponseModel {
    private final ExecutorCache<OpenModel>.Lease lease;
    private final Generator generator;

    MllmModel(ModelSpec spec, int batchRows) {
        lease = OpenModel.lease(spec);
        generator = lease.value().generator(batchRows);
    }

    @Override
    public List<Outcome> respond(List<ResponseRequest> requests, GenerationOptions options) {
        List<Outcome> outcomes = new ArrayList<>();
        List<GenerationRequest> good = new ArrayList<>();
        for (ResponseRequest request : requests) {
            try {
                good.add(encoded(request));
                outcomes.add(null);
            } catch (TextRejected e) {
                outcomes.add(new Failure(OpenModel.reason(e), e.getMessage()));
            } catch (ImageRejected e) {
                outcomes.add(new Failure(Reason.NOT_AN_IMAGE, e.getMessage()));
            }
        }
        List<Generation> answers = generator.generate(good, options);
        int next = 0;
        for (int i = 0; i < outcomes.size(); i++) {
            if (outcomes.get(i) == null) {
                Generation answer = answers.get(next);
                int promptTokens = good.get(next++).promptIds().length;
                outcomes.set(
                        i,
                        new Reply(answer.text(), answer.finishReason().code(), promptTokens, answer.tokens().length));
            }
        }
        return outcomes;
    }

    private GenerationRequest encoded(ResponseRequest request) throws TextRejected, ImageRejected {
        OpenModel model = lease.value();
        boolean picture = request.picture() != null;
        float[] pixels = picture ? model.pixels(request.picture()) : null;
        String text = request.system() == null ? request.prompt() : request.system() + "\n" + request.prompt();
        int[] ids = model.promptIds(request.history(), text, picture);
        if (model.maxLength() <= ids.length) {
            throw new TextRejected(
                    TextRejected.Reason.TOO_LONG,
                    "the prompt has " + ids.length + " tokens, which leaves no room in " + model.maxLength());
        }
        float[] weakened = null;
        if (request.weakening() != null) {
            var noise = request.weakening();
            weakened = DiffusionNoise.bpo().noised(pixels, noise.step(), noise.seed(), request.id(), noise.attempt());
        }
        return new GenerationRequest(request.id(), ids, pixels, weakened);
    }

    @Override
    public void close() {
        generator.close();
        lease.close();
    }
}
