package features

import (
	"finetune/backbone"
	"finetune/internal/store/featurestore"
)

// A constantWatch refuses a network that gives the same feature whatever it is shown, on the first images that differ. Features
// from the cache passed it when they were computed.
type constantWatch struct {
	watch *backbone.Watch
	seen  map[featurestore.Key]bool
}

// see looks at a block where it was computed.
func (c *constantWatch) see(n *Network, b Block) error {
	if b.computed == 0 || c.watch != nil && c.watch.Enough() {
		return nil
	}
	if c.watch == nil {
		net, err := n.Start() // started already: the block was computed
		if err != nil {
			return err
		}
		c.watch, c.seen = net.Watch(), map[featurestore.Key]bool{}
	}
	for i, key := range b.keys {
		if !c.seen[key] {
			c.seen[key] = true
			c.watch.Add(b.RowsOf(i)[:b.Cols])
		}
	}
	return c.watch.Err()
}
