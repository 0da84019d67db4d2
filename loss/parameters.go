package loss

import "finetune/invalid"

// A Parameter is a number in a [Config] that some losses read.
type Parameter struct {
	Field   string        // its name in Config
	Range   invalid.Range // values that it may have
	Default float64       // used where the field is zero
	value   func(*Config) *float64
	used    func(settings, GroundDistance) bool
	losses  string // those that use it
}

// Value returns the address of the parameter in c.
func (p Parameter) Value(c *Config) *float64 { return p.value(c) }

// Parameters returns all of them.
func Parameters() []Parameter {
	const powerLosses = "emd2 or xemd2 and a matrix as {Loss.Ground}"
	positive := invalid.Range{Low: 0, High: maxNumber, LowOpen: true}
	return []Parameter{
		{"Lambda", positive, 1, func(c *Config) *float64 { return &c.Lambda },
			func(s settings, _ GroundDistance) bool { return s.lambda }, XEMD2},
		{"Omega", positive, 1, func(c *Config) *float64 { return &c.Omega }, settings.powers, powerLosses},
		{"Mu", invalid.Range{Low: -maxNumber, High: maxNumber}, 0, func(c *Config) *float64 { return &c.Mu }, settings.powers,
			powerLosses},
		{"Exponent", invalid.Range{Low: 1, High: maxNumber}, 2, func(c *Config) *float64 { return &c.Exponent },
			func(s settings, _ GroundDistance) bool { return s.exponent }, EMD},
		{"Gamma", positive, 10, func(c *Config) *float64 { return &c.Gamma },
			func(s settings, _ GroundDistance) bool { return s.gamma }, Sinkhorn},
	}
}

// WithDefaults returns c with a name and with parameters in place of zero values that stand for a default.
func (c Config) WithDefaults() Config {
	if c.Name == "" {
		c.Name = CrossEntropy
	}
	s, _ := settingsOf(c.Name)
	for _, p := range Parameters() {
		if v := p.value(&c); *v == 0 && p.used(s, c.Ground) {
			*v = p.Default
		}
	}
	return c
}
