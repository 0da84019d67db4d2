package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"finetune/pipeline/explain"
	"finetune/pipeline/progress"
	"finetune/pipeline/report"
)

func newExplain(a *app) *cobra.Command {
	job := explain.Job{}
	c := &cobra.Command{
		Use:   "explain --model RUN [--image PATH]",
		Short: "Show which regions of an image a prediction is based on",
		Long: `explain draws each image beside heat maps of what a trained run bases its prediction on: evidence for (orange) and against (blue) the predicted class, and the label if it is known; and evidence for a lower (blue) or a higher class (orange).

If the features are means of the network's maps, the heat maps are class activation maps: the head's weights applied to the maps before pooling, relative to the average training image. For a linear head they sum exactly to the logits. Otherwise the heat maps come from occlusion: one region after the other is hidden, and the map shows how much the prediction drops. See docs/explain.md.

Without --image the worst errors of the run are explained, into the folder "explained" of the run: those of predictions.csv, where each image was predicted by a head that was not trained on it. After leave-one-out or folds the run's own head was trained on these images and may answer otherwise; the table has both answers.`,
		Example: `  finetune explain --model run --image photo.jpg --out photo-explained.png
  finetune explain --model run --image new-faces/ --out explained/
  finetune explain --model run --image a.jpg --image b.jpg --class severe
  finetune explain --model run`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Model, "model", "", "`folder` of the trained run")
	f.StringArrayVar(&job.Paths, "image", nil, "`path` of an image, a folder, a manifest or a list of files; may be given several times (default: the run's worst mistakes)")
	f.StringVar(&job.Out, "out", "", "`folder` or s3:// address for the pictures, or a .png file for a single one (default: finetune-explain-1, or the next free number)")
	f.BoolVar(&job.Overwrite, "overwrite", false, "replace a .png file at --out that is there; an earlier explanation in a folder is always replaced")
	f.StringVar(&job.Class, "class", "", "explain this `class` too")
	f.StringVar(&job.LabelRegex, "label-regex", "", "`pattern` whose first group is the label in an image's path (default: that of the run)")
	job.MaxMistakes = new(report.GallerySize)
	addNumber(f, job.MaxMistakes, explain.Numbers.MaxMistakes, "worst", "explain so many of the worst `mistakes`, without --image; 0 for none")
	f.StringVar(&job.Method, "method", explain.MethodAuto, "cam: weigh the maps before pooling; occlusion: hide places; auto: cam where it can be")
	addNumber(f, &job.Patch, explain.Numbers.Patch, "patch", "side of the square that occlusion hides, in `pixels` of the network's input (default: a fifth of it)")
	addNumber(f, &job.Stride, explain.Numbers.Stride, "stride", "steps between the places that occlusion hides, in `pixels` (default: a fourteenth of the input)")
	f.BoolVar(&job.Maps, "maps", false, "write each map as a matrix too, .npy beside the picture")
	addMovedNetworkFlag(f, &job.Images.Backbone)
	addComputeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "model"); err != nil {
			return err
		}
		run := func(ctx context.Context, p progress.Reporter) (*explain.Result, error) {
			job.Progress = p
			return job.Run(ctx)
		}
		return perform(a, c, run, printExplained)
	}
	return c
}

// printExplained says of each picture what it was taken for, and where the drawing is.
func printExplained(w io.Writer, r *explain.Result) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	unseen := slices.ContainsFunc(r.Images, func(im explain.Image) bool { return im.Unseen != "" })
	fmt.Fprint(t, "image\tanswer\tlabel\tmean step\tpicture")
	if unseen {
		fmt.Fprint(t, "\tanswer unseen")
	}
	fmt.Fprintln(t)
	for _, im := range r.Images {
		label := im.Label
		if label == "" {
			label = "–"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f\t%s", im.Path, im.Predicted, label, im.Expected, im.Picture)
		if unseen {
			fmt.Fprintf(t, "\t%s", im.Unseen)
		}
		fmt.Fprintln(t)
	}
	t.Flush()
	for _, note := range r.Notes {
		fmt.Fprintln(w, "note:", note)
	}
	printUnreadable(w, r.Unreadable)
	fmt.Fprintf(w, "\nmean step: the mean of the distribution, in steps above the lowest class\nmethod: %s (%s), reference: %s\n", r.Method, r.Why, r.Reference)
}
