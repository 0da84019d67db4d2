package preprocess

// A View is the part of a picture that a tensor shows, as shares of the picture's width and height from the left and the top.
type View struct{ Left, Top, Right, Bottom float64 }

// View returns the part that the tensor of a picture of width × height shows. s must have a size (see [Spec.Sized]).
func (s Spec) View(width, height int) View {
	size, crop := s.geometry(width, height)
	share := func(at, of int) float64 { return float64(at) / float64(of) }
	return View{share(crop.Min.X, size.X), share(crop.Min.Y, size.Y), share(crop.Max.X, size.X), share(crop.Max.Y, size.Y)}
}
