package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/augment"
	"finetune/backbone"
	"finetune/head"
	"finetune/loss"
	"finetune/models"
	"finetune/pipeline/check"
	"finetune/pipeline/explain"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/table"
	"finetune/preprocess"
)

// formats are those of all commands. Each takes the ones that its help names.
var formats = []string{"csv", "jsonl", "parquet", "onnx", "onnx-head", "safetensors", "npz", "json", "bundle"}

// flagValues returns the values that the shell completes for a flag, with commas between several where list is true; nil where
// it has none.
func flagValues(f *pflag.Flag) (values []string, list bool) {
	name := f.Name
	if option, ok := head.OptionOf(name); ok {
		values = slices.Clone(option.Choices)
		if option.Word != "" {
			values = append(values, option.Word)
		}
		if name == "decision" {
			values = append(values, autoDecision)
		}
		return values, false
	}
	switch name {
	case "losses":
		return loss.Names(), true
	case "device":
		return slices.DeleteFunc(backbone.Devices(), func(d string) bool { return !strings.Contains(f.Usage, d) }), false
	case "preset":
		return slices.Concat(preprocess.PresetNames(), models.PresetNames()), false
	case "metric":
		return metrics.RuleNames(), false
	case "augment":
		return strings.Split(augment.All.String(), ","), true
	case "soften":
		return []string{"none", "binomial", "triangular", "exponential"}, false
	case "method":
		return []string{explain.MethodAuto, explain.MethodCAM, explain.MethodOcclusion}, false
	case "fail-on":
		return []string{string(check.Problem), string(check.Warning), "never"}, false
	case "precision":
		return features.Precisions(), false
	case "feature-precision":
		return features.FeaturePrecisions(), false
	case "tap":
		return []string{"multi", "last"}, true
	case "pool-stat":
		return []string{"mean", "std", "cov"}, true
	case "resize":
		return []string{string(preprocess.Squash), string(preprocess.Shorter)}, false
	case "interpolation":
		return []string{string(preprocess.Bilinear), string(preprocess.Bicubic)}, false
	case "channel-order":
		return []string{string(preprocess.RGB), string(preprocess.BGR)}, false
	case "with":
		return []string{"pip", "npm"}, false
	case "format":
		words := strings.FieldsFunc(f.Usage, func(r rune) bool { return r == ' ' || r == ',' || r == ':' || r == ';' || r == '.' })
		return slices.DeleteFunc(slices.Clone(formats), func(v string) bool { return !slices.Contains(words, v) }), false
	case "input":
		return []string{"image", "tensor"}, false
	case "columns":
		if strings.Contains(f.Usage, table.FeaturesBase64Column) {
			return []string{"path", table.FeaturesColumn, table.FeaturesBase64Column, "error"}, true
		}
		return []string{"path", "predicted", "low", "high", "expected", "p_*", "confidence", "unfamiliar", "review", "error"}, true
	case "bins":
		return []string{autoDecision}, false
	}
	return nil, false
}

// flagFolders are the flags whose values are folders, and flagFiles the endings of those whose values are files.
var (
	flagFolders = []string{"model", "features", "cache"}
	flagFiles   = map[string][]string{
		"backbone": {"onnx"},
		"library":  {"so", "dylib", "dll"},
		"from":     {"whl", "tgz", "gz", "zip", "so", "dylib", "dll"},
	}
)

// addCompletions lets the shell complete the values of all flags of a command and of the commands below it.
func addCompletions(c *cobra.Command) {
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if complete := completion(f); complete != nil {
			_ = c.RegisterFlagCompletionFunc(f.Name, complete) // fails only for a flag that is missing or was registered
		}
	})
	for _, sub := range c.Commands() {
		addCompletions(sub)
	}
}

// completion is how the shell completes a flag's value; nil leaves it to the shell, which offers files.
func completion(f *pflag.Flag) cobra.CompletionFunc {
	if values, list := flagValues(f); len(values) > 0 {
		if list {
			return completeList(values)
		}
		return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder)
	}
	switch endings, isFile := flagFiles[f.Name]; {
	case isFile:
		return cobra.FixedCompletions(endings, cobra.ShellCompDirectiveFilterFileExt)
	case slices.Contains(flagFolders, f.Name):
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	}
	switch f.Value.Type() {
	case "int", "uint64", "float64", "numbers", "value", "duration", "bytes", "views":
		return cobra.NoFileCompletions
	}
	return nil
}

// completeList completes the last of several values with commas between by those that aren't given yet.
func completeList(values []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		given := typed[:strings.LastIndex(typed, ",")+1]
		var out []cobra.Completion
		for _, v := range values {
			if !slices.Contains(strings.Split(given, ","), v) {
				out = append(out, given+v)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
	}
}
