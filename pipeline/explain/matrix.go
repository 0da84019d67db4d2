package explain

import (
	"fmt"

	"finetune/internal/image/overlay"
	"finetune/internal/store/npy"
)

// writeMaps writes the maps before smoothing as float32 matrices: stem.order.npy, and stem.class-<index>.npy for
// classes. The first row is the top of the network's input.
func writeMaps(stem string, a *attribution) error {
	for i, t := range a.targets {
		if err := writeMatrix(matrixFile(stem, t), a.maps[i]); err != nil {
			return err
		}
	}
	return nil
}

// matrixFile returns the file for the map of a target.
func matrixFile(stem string, t Target) string {
	name := stem + "." + t.kind
	if t.kind == TargetClass {
		name += fmt.Sprint("-", t.class)
	}
	return name + ".npy"
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
