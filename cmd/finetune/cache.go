package main

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/internal/store/featurestore"
	"finetune/invalid"
	"finetune/pipeline/machine"
)

func newCache(a *app) *cobra.Command {
	job := machine.Cache{}
	c := &cobra.Command{
		Use:   "cache ls|verify|prune",
		Short: "List, check or shrink the feature cache",
		Long: `cache manages the features that are kept between runs. Every run reads and extends the cache; above
its limit of 20 GB the features that weren't used for longest are removed. Networks of another precision, fetched runs and
results on their way to an object store count towards the limit, and are removed a day after their last use at the earliest.`,
		Example: `  finetune cache ls
  finetune cache verify
  finetune cache prune --limit 5GB`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return &usageError{fmt.Errorf("give ls, verify or prune; see %s --help", c.CommandPath())}
		},
	}
	limit := int64(featurestore.DefaultLimit)
	ls := &cobra.Command{Use: "ls", Short: "List what the cache holds", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		list, err := job.List(c.Context())
		if err != nil {
			return err
		}
		return a.print(list, func(w io.Writer) { printCache(w, list) })
	}}
	verify := &cobra.Command{Use: "verify", Short: "Read every row and report damage", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		damage, err := job.Verify(c.Context())
		if err != nil {
			return err
		}
		if err := a.print(damage, func(w io.Writer) {
			for _, d := range damage {
				fmt.Fprintf(w, "%s: %s\n", d.Path, d.Why)
			}
			fmt.Fprintf(w, "%d damaged files; what is damaged is made again when it is needed\n", len(damage))
		}); err != nil || len(damage) == 0 {
			return err
		}
		return errFound
	}}
	prune := &cobra.Command{Use: "prune", Short: "Remove what wasn't used for longest", Args: noArgs, RunE: func(c *cobra.Command, _ []string) error {
		pruned, err := job.Prune(limit)
		if err != nil {
			return err
		}
		return a.print(pruned, func(w io.Writer) {
			fmt.Fprintf(w, "removed %s in %d segments and %d others; %s left\n", formatBytes(pruned.Bytes), pruned.Segments, pruned.Others, formatBytes(pruned.Left))
		})
	}}
	prune.Flags().Var(&bytesFlag{&limit}, "limit", "remove until so many `bytes` are left, such as 5GB; 0 empties the cache")
	for _, sub := range []*cobra.Command{ls, verify, prune} {
		sub.Flags().StringVar(&job.Dir, "cache", "", "the `folder` of the cache (default: finetune in the user's cache folder)")
		c.AddCommand(sub)
	}
	return c
}

func printCache(w io.Writer, list *machine.CacheList) {
	fmt.Fprintf(w, "%s: %s of at most %s\n", list.Dir, formatBytes(list.Bytes), formatBytes(list.Limit))
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(list.Folders) > 0 {
		fmt.Fprintln(t, "network\tfeatures\timages\tan image\ttotal\tlast used")
	}
	for _, f := range list.Folders {
		digest := f.Recipe.Backbone
		columns := strconv.Itoa(f.Cols)
		if f.Recipe.Half {
			columns += " in float16"
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\t%s\n", digest[:min(12, len(digest))], columns, f.Rows, formatBytes(f.RowBytes), formatBytes(f.Bytes), f.Used.Format("2006-01-02 15:04"))
	}
	t.Flush()
	if len(list.Others) > 0 {
		fmt.Fprintln(w)
		fmt.Fprintln(t, "kept beside\tfile or folder\ttotal\tlast used")
	}
	for _, b := range list.Others {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", b.Kind, printable(filepath.Base(b.Path)), formatBytes(b.Bytes), b.Used.Format("2006-01-02 15:04"))
	}
	t.Flush()
}

// byteUnits are the decimal units of sizes, the largest first.
var byteUnits = []struct {
	name  string
	bytes float64
}{{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}}

func formatBytes(n int64) string {
	for _, u := range byteUnits {
		if float64(n) >= u.bytes {
			return strconv.FormatFloat(float64(n)/u.bytes, 'g', 3, 64) + " " + u.name
		}
	}
	return "0 B"
}

// bytesFlag reads a size such as 500MB.
type bytesFlag struct{ n *int64 }

var _ pflag.Value = (*bytesFlag)(nil)

func (*bytesFlag) Type() string { return "bytes" }

func (b *bytesFlag) String() string {
	if b.n == nil {
		return ""
	}
	return strings.ReplaceAll(formatBytes(*b.n), " ", "")
}

// Set reads the number and its unit; without one it is bytes.
func (b *bytesFlag) Set(text string) error {
	number, unit := strings.ToUpper(strings.TrimSpace(text)), 1.0
	for _, u := range byteUnits {
		if rest, ok := strings.CutSuffix(number, strings.ToUpper(u.name)); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v >= 0 && v*unit < math.MaxInt64/2) {
		return &invalid.Error{Field: "--limit", Found: strconv.Quote(text), Want: "a size such as 500MB or 20GB"}
	}
	*b.n = int64(v * unit)
	return nil
}
