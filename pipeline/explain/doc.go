// Package explain is the job that shows which places of an image a trained run decides by.
//
// An explanation has one map for each target: a scalar function of the logits, such as the logit of a class or the
// expected class. Two methods compute a map:
//
//   - Class activation maps ([CAM]; Zhou et al. 2016, arXiv 1512.04150), where the features are means of activation
//     maps. For a linear head and a target that is linear in the logits the map adds up exactly to the change of the
//     target.
//   - Occlusion (Zeiler and Fergus 2014, arXiv 1311.2901), for every network and head.
//
// Package train uses [CAM] for the maps of its report, so this package must not import train, compare or check.
package explain
