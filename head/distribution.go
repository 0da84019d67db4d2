package head

// Distribution writes the probabilities that one row of logits stands for to probs: the temperature is applied. It panics on
// other lengths than [Head.Outputs] and the number of classes.
func (h *Head) Distribution(logits, probs []float32) {
	z := logits
	if t := float32(h.about.Temperature); t != 1 {
		z = make([]float32, len(logits))
		for j, v := range logits {
			z[j] = v / t
		}
	}
	h.loss.Probabilities(z, probs)
}
