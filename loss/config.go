package loss

import "finetune/label"

// MaxClasses bounds Config.Classes. It is that of label spaces.
const MaxClasses = label.MaxClasses

// A Config describes a loss. It is a plain value whose JSON form is in config.json and the weight file. A parameter
// of zero stands for its default. One that the loss doesn't read has to be zero, so that no setting is without
// effect.
type Config struct {
	// Name is one of Names; empty means cross-entropy.
	Name string `json:"name"`
	// Classes is K, from 2 to MaxClasses.
	Classes int `json:"classes"`
	// Ground is the ground distance between classes; the zero value is ordered classes at equal steps. A matrix is
	// for emd2, xemd2 and sinkhorn. Positions may be given with every loss, as they describe the classes:
	// emd2, xemd2, sinkhorn and l2 use them.
	Ground GroundDistance `json:"ground,omitzero"`
	// Lambda is λ, the weight of emd2 in xemd2, above 0; 0 means 1.
	Lambda float64 `json:"lambda,omitempty"`
	// Omega is ω, the power of a matrix's distances in emd2 and xemd2, above 0; 0 means 1.
	Omega float64 `json:"omega,omitempty"`
	// Mu is μ, added to a matrix's distances in emd2 and xemd2. Above zero it penalises confident predictions
	// (Σ pᵢ² is least when p is even), below zero it rewards them, and the loss may be negative.
	Mu float64 `json:"mu,omitempty"`
	// Exponent is r of emd, at least 1; 0 means 2, the exponent of NIMA.
	Exponent float64 `json:"exponent,omitempty"`
	// Gamma is γ of sinkhorn, above 0; 0 means 10. The entropy has the weight 1/γ: where γ times the largest
	// distance is large, the plan is close to the exact transport.
	Gamma float64 `json:"gamma,omitempty"`
}

// powers reports whether the loss has ω and μ, as the matrix forms of emd2 and xemd2 do.
func (s settings) powers(g GroundDistance) bool {
	return (s.name == EMD2 || s.name == XEMD2) && g.Matrix != nil
}

// New makes the loss that c describes. The error is a *invalid.Error whose field is one of Config, as "Loss.Lambda".
// It takes O(K²) time with a matrix and O(K) otherwise, so a loss can be made anew each epoch. The slices of c are
// copied.
func New[T Float](c Config) (Loss[T], error) {
	c = c.WithDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	k := c.Classes
	s := shape[T]{classes: k}
	switch c.Name {
	case EMD2:
		return &softmaxLoss[T]{shape: s, term: c.emd2(), weight: 1}, nil
	case XEMD2:
		return &softmaxLoss[T]{shape: s, crossEntropy: true, term: c.emd2(), weight: c.Lambda}, nil
	case EMD:
		return &softmaxLoss[T]{shape: s, term: emdTerm{r: c.Exponent}, weight: 1}, nil
	case Sinkhorn:
		return &softmaxLoss[T]{shape: s, term: newSinkhornTerm(k, c.Ground.Distances(k), c.Gamma), weight: 1}, nil
	case L2:
		return &l2[T]{shape: s, positions: c.Ground.classPositions(k)}, nil
	case CORAL:
		return &coral[T]{shape: s}, nil
	case CORN:
		return &corn[T]{shape: s}, nil
	}
	return &softmaxLoss[T]{shape: s, crossEntropy: true}, nil
}

// emd2 returns the form of EMD² that the ground distance asks for.
func (c Config) emd2() term {
	if c.Ground.Matrix != nil {
		return newMatrixTerm(c.Classes, c.Ground.Matrix, c.Omega, c.Mu)
	}
	return orderedTerm{gaps: c.Ground.gaps(c.Classes)}
}
