package train

import (
	"finetune/internal/pipelinetest"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestSuspectsOfFolds plants two wrong labels and finds them, with evidence that predictions.csv bears out.
func TestSuspectsOfFolds(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 4, 20, "", nil)
	index := filepath.Join(folder, features.IndexFile)
	text, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	planted := strings.NewReplacer("\n8,008.png,0\n", "\n8,008.png,3\n", "\n43,043.png,3\n", "\n43,043.png,1\n").Replace(string(text))
	if err := os.WriteFile(index, []byte(planted), 0o666); err != nil {
		t.Fatal(err)
	}
	job := FoldsJob(t, folder)
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	file := func(name, column string) map[string]string {
		return pipelinetest.ColumnByPath(t, filepath.Join(job.Out, name), column)
	}
	label, suggested, pLabel, pSuggested := file(run.SuspectsFile, "label"), file(run.SuspectsFile, "suggested"), file(run.SuspectsFile, "p_label"), file(run.SuspectsFile, "p_suggested")
	distance, score := file(run.SuspectsFile, "distance"), file(run.SuspectsFile, "score")
	if label["008.png"] != "3" || suggested["008.png"] != "0" || label["043.png"] != "1" || suggested["043.png"] != "3" || distance["008.png"] != "3" || distance["043.png"] != "2" {
		t.Errorf("labels %v, suggested %v, distances %v", label, suggested, distance)
	}
	if len(label) > 10 {
		t.Errorf("%d labels are suspect, of 2 that are wrong", len(label))
	}
	var p []map[string]string
	for _, class := range []string{"0", "1", "2", "3"} {
		p = append(p, file(run.PredictionsFile, "p_"+class))
	}
	number := func(text string) float64 {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Error(err)
		}
		return v
	}
	for path := range label {
		from, to := int(number(label[path])), int(number(suggested[path]))
		if pLabel[path] != p[from][path] || pSuggested[path] != p[to][path] {
			t.Errorf("%s: probabilities %s and %s, predicted %s and %s", path, pLabel[path], pSuggested[path], p[from][path], p[to][path])
		}
		var nearer float64
		for class := range p {
			nearer += number(p[class][path]) * (math.Abs(float64(class-from)) - math.Abs(float64(class-to)))
		}
		if math.Abs(nearer-number(score[path])) > 1e-6 {
			t.Errorf("%s: score %s, want %v", path, score[path], nearer)
		}
	}
}
