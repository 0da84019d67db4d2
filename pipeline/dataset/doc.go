// Package dataset reads labelled or unlabelled data into a Set, a list of items over one label space, and splits it
// into parts or folds. It reads names and tables only; it opens no image.
//
// Labelled data comes in one of these layouts (docs/data.md has them all, with examples):
//
//   - A folder per class, with images at any depth below, optionally inside folders for the parts (train, val,
//     test).
//   - A folder with the label in each file name: Options.LabelRegex.
//   - A table with a header, as CSV or JSON lines or a JSON list: path, label, and optionally split, fold, group,
//     weight and votes_<class>. Options name the columns where the table has other names; some well-known tables are
//     recognised by their header (recipes.go).
//   - Adience, AVA and exports of Roboflow and Label Studio as they are distributed.
//
// Votes are a number for each class; they become the target distribution of an item. The label, where none is given,
// is then the lower median of the votes.
//
// What was understood, changed or left out is in Set.Notes. What the user can correct is a *invalid.Error that names
// the file with the line, or the option.
//
// The package must not import packages that decode images, compute features or train.
package dataset
