package review

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"slices"

	"finetune/invalid"
	"finetune/label"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
	"finetune/pipeline/suggest"
)

// A Job serves the page until its context ends. The same job goes on with the decisions in its log.
type Job struct {
	Model string // the run folder
	// Data is what the run was trained on: Path "" is the path that the run names, LabelRegex and GroupRegex "" are its own.
	Data       dataset.Options
	Check      string          // a folder that a check wrote, whose copies and doubtful labels are shown, too; "": none
	Unlabelled string          // images without labels, among which some are suggested; "": none
	Count      int             // images to suggest; 0: suggest.DefaultCount
	Images     features.Images // for Unlabelled
	Threads    int             // for Unlabelled; 0: all cores
	Out        string          // the corrected manifest; "": corrected.csv. The log lies beside it, see LogPath
	Reviewer   string          // who decides; "": the name of the user
	Addr       string          // a loopback address to listen on; "": any free port of 127.0.0.1
	Ready      func(url string)
	Progress   progress.Reporter
}

// DefaultOut is the corrected manifest where no other is named.
const DefaultOut = "corrected.csv"

// A Result says what was decided, now and before.
type Result struct {
	Out       string   `json:"out"`
	Log       string   `json:"log"`
	Reviewer  string   `json:"reviewer"`
	Items     int      `json:"items"`   // to look at
	Decided   int      `json:"decided"` // of these
	Changed   int      `json:"changed"` // images whose label differs from that of the data
	Added     int      `json:"added"`   // images that had no label
	LeftOut   int      `json:"left_out"`
	Order     []string `json:"order,omitempty"` // of the classes, where their names don't tell it
	Corrected bool     `json:"-"`               // Out was written
}

// Run does the job.
func (j Job) Run(ctx context.Context) (*Result, error) {
	j.Progress = progress.OrNone(j.Progress)
	j.Addr = cmp.Or(j.Addr, "127.0.0.1:0")
	if err := loopback(j.Addr); err != nil {
		return nil, err
	}
	s, err := j.open(ctx)
	if err != nil {
		return nil, err
	}
	defer s.close()
	listener, err := net.Listen("tcp", j.Addr)
	if err != nil {
		return nil, &invalid.Error{Field: "Addr", Found: "an address that can't be listened on", Err: err, Hint: "give another {Addr}"}
	}
	defer listener.Close()
	server, err := newServer(s, listener.Addr())
	if err != nil {
		return nil, err
	}
	if j.Ready != nil {
		j.Ready(server.url())
	}
	if err := server.serve(ctx, listener); err != nil {
		return nil, err
	}
	if err := s.finish(); err != nil {
		return nil, err
	}
	return s.result(), nil
}

// loopback refuses addresses that other machines can reach: pictures and labels are for this one.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err == nil && host == "localhost" {
		return nil
	}
	if ip, ipErr := netip.ParseAddr(host); err == nil && ipErr == nil && ip.IsLoopback() {
		return nil
	}
	return &invalid.Error{Field: "Addr", Found: fmt.Sprintf("%q", addr), Want: "a port of this computer alone, such as 127.0.0.1:8080", Err: err}
}

// open reads the run, its data and the decisions so far.
func (j Job) open(ctx context.Context) (*session, error) {
	r, err := run.OpenContext(ctx, j.Model)
	if err != nil {
		return nil, err
	}
	if r.Config.Features != "" && j.Data.Path == "" {
		return nil, &invalid.Error{Field: "Data.Path", Found: "nothing, and the run was trained on features alone", Want: "the images with their labels"}
	}
	set, err := j.load(ctx, r)
	if err != nil {
		return nil, err
	}
	j.Out = cmp.Or(j.Out, DefaultOut)
	if err := artifact.NotAnAddress("Out", j.Out); err != nil {
		return nil, err
	}
	if filepath.Ext(j.Out) != ".csv" {
		return nil, &invalid.Error{Field: "Out", Path: j.Out, Found: "a name that doesn't end in .csv", Want: "a CSV file"}
	}
	for _, path := range []string{j.Out, LogPath(j.Out)} {
		if err := artifact.NotAnInput(path, set.Source, j.Model, j.Check); err != nil {
			return nil, err
		}
		if err := artifact.MayCreate(path); err != nil {
			return nil, err
		}
	}
	s := &session{set: set, space: r.Head.Space(), out: j.Out, reviewer: cmp.Or(j.Reviewer, userName())}
	s.index()
	if err := j.fill(ctx, r, s); err != nil {
		return nil, err
	}
	if !inferred(s.space) {
		s.order = s.space.Classes()
	}
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// load reads the data that the run was trained on.
func (j Job) load(ctx context.Context, r *run.Run) (*dataset.Set, error) {
	d, theirs := j.Data, r.Config.Data
	ours := d.Path == "" // the data of the run, at the path that it names
	d.Path = cmp.Or(d.Path, theirs.Path)
	d.LabelRegex, d.GroupRegex = cmp.Or(d.LabelRegex, theirs.LabelRegex), cmp.Or(d.GroupRegex, theirs.GroupRegex)
	space := r.Head.Space()
	d.Space = &space
	set, err := dataset.Load(ctx, d)
	if invalid.Is(err) && ours {
		return nil, &invalid.Error{Field: "Data.Path", Found: "nothing, and the images of the run can't be read from here", Err: err,
			Hint: "give {Data.Path}, or run this in the folder in which the run was trained"}
	}
	if err != nil {
		return nil, err
	}
	for _, item := range set.Items {
		if item.File == "" {
			return nil, &invalid.Error{Field: "Data.Path", Path: d.Path, Found: "images inside of an archive, such as " + item.Path,
				Want: "image files, which a corrected manifest can name", Hint: "unpack it and give its folder or table"}
		}
	}
	features.NoteData(j.Progress, set)
	return set, nil
}

// fill adds what there is to look at: doubtful labels, copies, suggested images.
func (j Job) fill(ctx context.Context, r *run.Run, s *session) error {
	check, err := readCheck(j.Check)
	if err != nil {
		return err
	}
	if err := s.addDoubtful(ctx, r, check); err != nil {
		return err
	}
	if check != nil {
		s.addCopies(check)
	}
	if j.Unlabelled != "" {
		scan := run.Scan{Model: j.Model, Data: dataset.Options{Path: j.Unlabelled}, Images: j.Images, Threads: j.Threads, Progress: j.Progress}
		chosen, err := suggest.Job{Scan: scan, Count: j.Count}.Run(ctx)
		if err != nil {
			return err
		}
		if err := s.addSuggested(chosen); err != nil {
			return err
		}
	}
	if len(s.queue) == 0 {
		return &invalid.Error{Field: "Model", Path: j.Model, Found: "no doubtful label", Hint: "{Check} adds copies and {Unlabelled} images to label"}
	}
	return nil
}

// inferred reports whether the names of the classes tell their order.
func inferred(s label.Space) bool {
	guess, err := label.Infer(s.Classes())
	return err == nil && slices.Equal(guess.Classes(), s.Classes())
}

// userName is who the system says is working.
func userName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return cmp.Or(os.Getenv("USER"), os.Getenv("USERNAME"), "unknown")
}
