package explain

import (
	"fmt"

	"finetune/internal/image/overlay"
	"finetune/internal/store/npy"
)

// writeMaps writes the maps of an account, as they were before they were smoothed for the eye: stem.order.npy, and
// stem.class-<index>.npy for classes. Rows are of the network's input, from the top.
func writeMaps(stem string, a *attribution) error {
	for i, q := range a.questions {
		name := stem + "." + q.kind
		if q.kind == TargetClass {
			name += fmt.Sprint("-", q.class)
		}
		if err := writeMatrix(name+".npy", a.heats[i]); err != nil {
			return err
		}
	}
	return nil
}

func writeMatrix(path string, h *overlay.Heat) error {
	w, err := npy.Create(path, h.Width)
	if err != nil {
		return err
	}
	defer w.Abort()
	row := make([]float32, h.Width)
	for y := range h.Height {
		for x, v := range h.Values[y*h.Width:][:h.Width] {
			row[x] = float32(v)
		}
		if err := w.WriteRow(row); err != nil {
			return err
		}
	}
	return w.Commit()
}
