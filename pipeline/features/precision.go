package features

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"finetune/backbone"
	"finetune/internal/cores"
	"finetune/internal/ort/env"
	"finetune/internal/store/atomicfile"
	"finetune/internal/store/featurestore"
	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

// Auto is the precision of Images that is chosen by measuring.
const Auto = "auto"

// Precisions returns what Images.Precision may be.
func Precisions() []string {
	return []string{backbone.Float32, backbone.TF32, backbone.Float16, backbone.Int8, Auto}
}

// loweringVersion changes whenever the same network and images become another network.
const loweringVersion = "1"

// A PrecisionInfo is the part of config.json and meta.json about a network that was made cheaper, and what that lost.
type PrecisionInfo struct {
	backbone.PrecisionReport
	Calibration string          `json:"calibration"` // digest of the images that ranges were measured on, and of the settings
	Check       *PrecisionCheck `json:"check,omitempty"`
}

// lowered is a network that takes the place of another one.
type lowered struct {
	from *Network // described; closed once the check is done
	info PrecisionInfo
}

// How many images are used: those that ranges are measured on, others that choices are made by, and those, others again as
// far as possible, that the loss is measured on.
const (
	mostCalibration  = 128
	mostChosenBy     = 24
	mostChecked      = 256
	leastCalibration = 16
)

// Lower replaces the network by one of the precision that i asks for, which is made with some of the items or taken
// from the cache. It returns i as it is for float32 and TF32, and where auto chooses that. Items must not be held out; classes is
// the number of classes of their labels, 0 for none. Images that can't be read are passed over.
func (i Images) Lower(ctx context.Context, items []dataset.Item, classes, threads int, reporter progress.Reporter) (Images, error) {
	if i.asIs() || i.lowered != nil {
		return i, nil
	}
	if err := i.Check(); err != nil {
		return i, err
	}
	net, err := OpenNetwork(i, "", len(items))
	if err != nil {
		return i, err
	}
	defer net.Close()
	return net.Lower(ctx, items, classes, threads, reporter)
}

// Lower is [Images.Lower] for the options that the network was opened with. It closes the network.
func (n *Network) Lower(ctx context.Context, items []dataset.Item, classes, threads int, reporter progress.Reporter) (Images, error) {
	defer n.Close()
	i := n.images
	l := &lowering{net: n, wanted: i.Precision, items: items, classes: classes, threads: cores.Of(threads), progress: reporter}
	if i.Precision == Auto {
		l.wanted = backbone.Int8
	}
	out, err := l.run(ctx)
	if i.Precision == Auto && invalid.Is(err) {
		reporter.Note("precision: float32; " + whyNot(err))
		i.Precision = ""
		return i, nil
	}
	return out, err
}

// whyNot says in words what makes int8 impossible. Auto asked for nothing that could be corrected, so no option is named.
func whyNot(err error) string {
	var e *invalid.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	text := invalid.Named(e.Found, func(field string) string { return strings.ToLower(strings.TrimPrefix(field, "Images.")) })
	if e.Err != nil {
		text += " (" + e.Err.Error() + ")"
	}
	return text
}

// PrecisionInfo describes the network that Lower made; nil where it made none.
func (i Images) PrecisionInfo() *PrecisionInfo {
	if i.lowered == nil {
		return nil
	}
	return &i.lowered.info
}

// A lowering is a call of Lower.
type lowering struct {
	net      *Network
	wanted   string // never Auto
	items    []dataset.Item
	classes  int
	threads  int
	progress progress.Reporter

	calibration, checked []dataset.Item
}

func (l *lowering) run(ctx context.Context) (Images, error) {
	i := l.net.images
	if d := i.Device; d != "" && d != env.CPU && l.wanted == backbone.Int8 {
		return i, &invalid.Error{Field: "Images.Precision", Found: l.wanted + " with {Images.Device} " + d, Want: "{Images.Device} cpu for " + l.wanted}
	}
	l.choose()
	if len(l.calibration) < leastCalibration/2 {
		return i, &invalid.Error{Field: "Images.Precision", Found: fmt.Sprintf("%s with %d images", l.wanted, len(l.items)),
			Want: fmt.Sprintf("at least %d images, from which it is made", leastCalibration), Hint: "give {Images.Precision} " + backbone.Float32}
	}
	tensors, keys, err := l.tensors(ctx, l.calibration)
	if err != nil {
		return i, err
	}
	if len(tensors) < 2 {
		return i, &invalid.Error{Field: "Images.Precision", Found: l.wanted + "; none of the images from which it is made can be read"}
	}
	path, digest, err := l.file(ctx, tensors, keys)
	if err != nil {
		return i, err
	}
	out, err := l.replaced(path, digest)
	if err != nil {
		return i, err
	}
	speed := ""
	if i.Precision == Auto {
		ratio, err := l.speedup(ctx, out, tensors)
		if err != nil {
			return i, err
		}
		speed = fmt.Sprintf("; the network alone is %.1f times as fast as in %s", ratio, backbone.Float32)
		if ratio < worthwhile {
			return l.keep("int8 doesn't pay" + speed)
		}
	}
	check, err := l.check(ctx, out)
	if err != nil {
		return i, err
	}
	if i.Precision == Auto && check.lost() {
		return l.keep("int8 loses, on " + check.String())
	}
	out.lowered.info.Check = check
	l.progress.Note("precision: " + describeReport(out.lowered.info.PrecisionReport) + speed)
	l.progress.Note("           on " + check.String())
	return out, nil
}

// keep leaves the network as it is.
func (l *lowering) keep(why string) (Images, error) {
	l.progress.Note("precision: " + backbone.Float32 + "; " + why)
	i := l.net.images
	i.Precision = ""
	return i, nil
}

// worthwhile is the speedup from which auto takes integers.
const worthwhile = 1.15

// choose takes images that are evenly spread over the data, so that all classes of a sorted list are among them, by turns
// for calibration and for the check.
func (l *lowering) choose() {
	spread := func(n int, of []dataset.Item) (some []dataset.Item) {
		for k := range n {
			some = append(some, of[k*len(of)/n])
		}
		return some
	}
	var even, odd []dataset.Item
	for k, item := range l.items {
		if k%2 == 0 {
			even = append(even, item)
		} else {
			odd = append(odd, item)
		}
	}
	l.calibration = spread(min(mostCalibration, len(even)), even)
	l.checked = spread(min(mostChecked, max(len(odd)/2, min(len(odd), mostChosenBy))), odd)
}

// tensors decodes images, and returns the keys of their bytes too. Those that can't be read are left out.
func (l *lowering) tensors(ctx context.Context, items []dataset.Item) (list [][]float32, keys []featurestore.Key, err error) {
	list, keys = make([][]float32, len(items)), make([]featurestore.Key, len(items))
	group, ctx := errgroup.WithContext(ctx)
	share := (len(items) + l.threads - 1) / l.threads
	for first := 0; first < len(items); first += share {
		part := items[first:min(first+share, len(items))]
		group.Go(func() error {
			transform, err := l.net.Transformer()
			if err != nil {
				return err
			}
			transform.Stop = ctx.Err
			var files ImageReader
			for k, item := range part {
				data, err := files.Read(ctx, item)
				tensor := make([]float32, transform.Len())
				if err == nil {
					err = transform.Tensor(tensor, data)
				}
				if err == nil {
					list[first+k], keys[first+k] = tensor, featurestore.KeyOf(data)
				} else if _, fault := Fault(err); !fault {
					return fmt.Errorf("%s: %w", item.Path, err)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}
	keys = slices.DeleteFunc(keys, func(k featurestore.Key) bool { return k == featurestore.Key{} })
	return slices.DeleteFunc(list, func(t []float32) bool { return t == nil }), keys, nil
}

// file returns the network of the wanted precision: from the cache, where it is kept by its content as features are, or
// made now.
func (l *lowering) file(ctx context.Context, tensors [][]float32, keys []featurestore.Key) (path, digest string, err error) {
	lib, err := l.net.runtime()
	if err != nil {
		return "", "", err
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\n%s\n%s\n%s\n%s\n%s\n%v\n", loweringVersion, l.wanted, l.net.about.Digest, l.net.about.Feature.Text, l.net.Spec, lib.Version, l.net.images.PoolStat)
	for _, k := range keys {
		sum.Write(k[:])
	}
	digest = hex.EncodeToString(sum.Sum(nil))
	folder, err := cacheFolder(l.net.images.Cache, featurestore.Networks)
	if err != nil {
		return "", "", err
	}
	path = filepath.Join(folder, digest[:32]+".onnx")
	if _, err := backbone.FileDigest(ctx, path); err == nil && !l.net.images.NoCache {
		now := time.Now()
		os.Chtimes(path, now, now) // what was used last is kept longest
		return path, digest, nil
	}
	few := len(tensors) - min(mostChosenBy, len(tensors)/2)
	data, err := l.make(ctx, tensors[:few], tensors[few:])
	if err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", "", err
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
		return "", "", err
	}
	return path, digest, dropOldest(folder, path)
}

func (l *lowering) make(ctx context.Context, calibration, choice [][]float32) ([]byte, error) {
	stage := l.progress.Start("network in "+l.wanted, 0, "image")
	defer stage.Done()
	how := backbone.Lowering{Precision: l.wanted, Calibration: calibration, Check: choice, Threads: l.threads, Metadata: map[string]string{
		backbone.PreprocessingKey: l.net.Spec.String(), CutFromKey: l.net.about.Digest}}
	o := l.net.images.backbone()
	var made *backbone.Lowered
	var err error
	if l.net.file == "" {
		made, err = backbone.LowerBytes(ctx, l.net.name, l.net.data, o, how)
	} else {
		made, err = backbone.Lower(ctx, l.net.file, o, how)
	}
	if err != nil {
		return nil, err
	}
	return made.Data, nil
}

// CutFromKey is the key of a network's metadata that holds the digest of the network that it was made from.
const CutFromKey = "finetune.cut_from"

// mostNetworks is how many networks the cache keeps.
const mostNetworks = 16

// dropOldest removes the networks of a folder that were used least recently. One that another job is about to open may be
// among them; that job then fails and succeeds when it is repeated.
func dropOldest(folder, keep string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	used := map[string]time.Time{}
	var names []string
	for _, e := range entries {
		if info, err := e.Info(); err == nil && filepath.Ext(e.Name()) == ".onnx" && e.Name() != filepath.Base(keep) {
			used[e.Name()] = info.ModTime()
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return used[b].Compare(used[a]) })
	for _, name := range names[min(len(names), mostNetworks-1):] {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}

// replaced returns the images' options with the network in a file.
func (l *lowering) replaced(path, digest string) (Images, error) {
	i := l.net.images
	i.Precision, i.Backbone, i.PoolStat, i.Pool = l.wanted, path, nil, nil
	i.Tap = l.net.about.Feature.Text
	i.lowered = &lowered{from: l.net, info: PrecisionInfo{Calibration: digest}}
	i.adopted = &adopted{l.net.Spec, l.net.from}
	about, err := inspectNetwork(i)
	if err != nil {
		return i, err
	}
	report := backbone.ReportOf(about)
	if report == nil || about.Err() != nil {
		return i, fmt.Errorf("the network %s isn't the one that was written there", path)
	}
	i.lowered.info.PrecisionReport = *report
	return i, nil
}

// speedup is how many times as fast the network is on one thread as that in float32: the fastest of some turns each.
func (l *lowering) speedup(ctx context.Context, low Images, tensors [][]float32) (float64, error) {
	other, err := OpenNetwork(low, "", 1)
	if err != nil {
		return 0, err
	}
	defer other.Close()
	batch := slices.Concat(tensors[:min(BlockSize/2, len(tensors))]...)
	n := len(batch) / len(tensors[0])
	best := [2]time.Duration{1 << 62, 1 << 62}
	for range 4 { // the first warms up
		for k, net := range []*Network{l.net, other} {
			b, err := net.Start()
			if err != nil {
				return 0, err
			}
			rows := make([]float32, n*b.Dim())
			start := time.Now()
			if err := b.Features(ctx, batch, n, rows); err != nil {
				return 0, err
			}
			best[k] = min(best[k], time.Since(start))
		}
	}
	return float64(best[0]) / float64(best[1]), nil
}

// describeReport says how a network was made cheaper.
func describeReport(r backbone.PrecisionReport) string {
	if r.Precision == backbone.Float16 {
		return fmt.Sprintf("float16: %d nodes of half precision, %d tensors that would overflow left in float32", r.Half, len(r.Float))
	}
	text := fmt.Sprintf("%s: %d of %d convolutions, ranges by %s over %d images", r.Precision, r.Integer, r.Kernels, r.Ranges, r.Images)
	if len(r.Float) > 0 {
		text += fmt.Sprintf("; %d lost most and stay in float32", len(r.Float))
	}
	return text
}
