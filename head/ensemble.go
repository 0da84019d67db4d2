package head

import (
	"context"

	"finetune/internal/randstream"
	"finetune/invalid"
)

// maxEnsemble bounds the networks of an ensemble.
const maxEnsemble = 100

// checkEnsemble reports what keeps a resolved configuration from being trained several times.
func (c Config) checkEnsemble() error {
	if c.Ensemble < 2 {
		return nil
	}
	if c.SelfGuided || c.AutoLambda {
		return wrong("Head.Ensemble", c.Ensemble, "1 with a loss that is measured while training: each network would have its own")
	}
	return nil
}

// trainEnsemble trains Config.Ensemble networks that differ in their seeds, the first with the seed of the configuration, and
// joins them. The history is that of the first.
func trainEnsemble(ctx context.Context, train, val Examples, c Config, onEpoch func(Epoch)) (*Result, error) {
	var first *Result
	var networks []Network
	var valLogits []float64
	for i := range c.Ensemble {
		member := c
		member.Ensemble = 1
		if i > 0 {
			member.Seed = randstream.New(c.Seed, "ensemble", uint64(i)).Uint64()
		}
		r, err := Train(ctx, train, val, member, onEpoch)
		if err != nil {
			return nil, err
		}
		if networks = append(networks, r.Network); first == nil {
			first, valLogits = r, make([]float64, len(r.ValLogits))
		}
		for j, z := range r.ValLogits {
			valLogits[j] += float64(z) / float64(c.Ensemble)
		}
	}
	first.Config, first.Network = c, mean(networks)
	if first.ValLogits != nil {
		first.ValLogits = narrow(valLogits)
	}
	return first, nil
}

// mean returns a network whose logits are the means of those of several networks of one shape. Hidden layers are put one behind the
// other, and the weights from them are divided by the number of networks.
func mean(networks []Network) Network {
	last := func(n Network) Layer { return n.Layers[len(n.Layers)-1] }
	outputs, share := networks[0].Outputs(), 1/float64(len(networks))
	bias := make([]float64, outputs)
	for _, n := range networks {
		for o, b := range last(n).Bias {
			bias[o] += share * float64(b)
		}
	}
	out := Layer{Out: outputs, Bias: narrow(bias)}
	if networks[0].Hidden() == 0 {
		weight := make([]float64, len(last(networks[0]).Weight))
		for _, n := range networks {
			for i, w := range last(n).Weight {
				weight[i] += share * float64(w)
			}
		}
		out.In, out.Weight = networks[0].Inputs(), narrow(weight)
		return Network{Layers: []Layer{out}}
	}
	hidden := Layer{In: networks[0].Inputs()}
	for _, n := range networks {
		first := n.Layers[0]
		hidden.Out += first.Out
		hidden.Weight, hidden.Bias = append(hidden.Weight, first.Weight...), append(hidden.Bias, first.Bias...)
	}
	out.In = hidden.Out
	for o := range outputs {
		for _, n := range networks {
			l := last(n)
			for _, w := range l.Weight[o*l.In : (o+1)*l.In] {
				out.Weight = append(out.Weight, float32(share*float64(w)))
			}
		}
	}
	return Network{Layers: []Layer{hidden, out}}
}

func narrow(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

// notTogether is the error for an ensemble of closed forms, which don't depend on the seed.
func (c Config) notTogether() *invalid.Error {
	return &invalid.Error{Field: "Head.Ensemble", Found: "several networks with {Head.Optimizer} closed-form",
		Want: "1: the closed form doesn't depend on the seed", Hint: "leave it out, or use {Head.Optimizer} sgd or adamw"}
}
