package loss

import (
	"fmt"

	"finetune/invalid"
)

// XEMD2 is cross-entropy + λ·emd2, with any of emd2's ground distances (Hou et al.). The paper's two settings
// with a matrix are XEMD1 (ω = 1, μ = 0.5) and XEMD2 (ω = 2, μ = 0.25).
const XEMD2 = "xemd2"

// AutoLambda returns the λ that the paper sets for xemd2: (mean cross-entropy / mean emd2) / 3.5, both measured over
// the last epoch of the warm-up, so that cross-entropy has 3.5 times the weight of the EMD² term at the start. With a
// negative μ the mean emd2 may be zero or negative, which is a *invalid.Error.
func AutoLambda(meanCrossEntropy, meanEMD2 float64) (float64, error) {
	lambda := meanCrossEntropy / meanEMD2 / 3.5
	if !(meanEMD2 > 0) || !(lambda > 0) || !finite(lambda) {
		return 0, &invalid.Error{
			Field: "Loss.Lambda",
			Found: fmt.Sprintf("auto, but the warm-up's mean cross-entropy is %.4g and its mean emd2 %.4g", meanCrossEntropy,
				meanEMD2),
			Want: "both above 0", Hint: "give λ as a number or raise {Loss.Mu}",
		}
	}
	return lambda, nil
}
