package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"finetune/pipeline/dataset"
)

// setDigest is a digest of all that the items of a set say, but for where their files are: two runs with the same digest
// learned from the same rows.
func setDigest(set *dataset.Set) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	for _, it := range set.Items {
		if err := enc.Encode([]any{it.Path, it.Label, it.Target, it.Weight, it.Group, it.Part, it.Fold}); err != nil {
			panic(err) // strings and finite numbers always encode
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
