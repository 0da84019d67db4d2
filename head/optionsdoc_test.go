package head

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/options.md anew")

const optionsIntroduction = `# Hyper-parameters

Each option is a field of ` + "`head.Config`" + `, which ` + "`train.Job`" + ` holds as ` + "`Head`" + `, and a flag of the same name:
` + "`--dropout 0.5`" + ` sets ` + "`job.Head.Dropout`" + `, and ` + "`--emd-weight 2`" + ` sets ` + "`job.Head.Loss.Lambda`" + `.
` + "`finetune train --help-all`" + ` lists them with all other flags. [losses.md](losses.md) has the formulas of the losses and
explains their parameters.

- **Default**: the value that ` + "`head.Defaults`" + ` sets. ` + "`auto`" + ` is resolved for the loss, the optimiser and the data when
  training starts; ` + "`config.json`" + ` in the run folder has the resolved value. The command and ` + "`train.New`" + ` choose the loss
  ` + "`emd2`" + ` and the decision rule ` + "`median`" + `.
- **Search**: the values that ` + "`--search`" + ` draws from, log-uniformly where they are a range. An empty cell means that the
  option isn't searched.
- **In a loss specification**: the name of the option in an entry of ` + "`finetune compare --losses`" + `
  ([compare.md](compare.md)).

This page is generated: ` + "`go test finetune/head -run TestOptionsPage -update`" + `.

`

// TestOptionsPage checks that docs/options.md matches the declared options:
//
//	go test finetune/head -run TestOptionsPage -update
func TestOptionsPage(t *testing.T) {
	const file = "../docs/options.md"
	want := optionsIntroduction + OptionsMarkdown()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ReplaceAll(string(got), "\r\n", "\n") != want {
		t.Errorf("%s differs from head.Options; write it anew with -update", file)
	}
}
