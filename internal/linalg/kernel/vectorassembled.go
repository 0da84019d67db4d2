//go:build amd64 || arm64

package kernel

// assembledVector takes whole vectors by the assembly, and the few elements after them in plain Go. packed is Kernel.Lanes.
func assembledVector(
	lanes, packed int,
	add func(n int, dst, a *float32),
	mul func(n int, dst, a, b *float32),
	mulSpread func(n int, dst, a, b *float32, stride int),
	sgd func(n int, params, grads, velocity *float32, rate, momentum, decay float32),
	adamW func(n int, params, grads, mean, square, c *float32),
	drop func(n int, dst, a, shift *float32, scale float32, kept, low, high uint32),
) Vector {
	return Vector{
		Add: func(dst, a []float32) {
			a = a[:len(dst)]
			n := len(dst) / lanes * lanes
			if n > 0 {
				add(n, &dst[0], &a[0])
			}
			addPlain(dst[n:], a[n:])
		},
		Mul: func(dst, a, b []float32) {
			a, b = a[:len(dst)], b[:len(dst)]
			n := len(dst) / lanes * lanes
			if n > 0 {
				mul(n, &dst[0], &a[0], &b[0])
			}
			mulPlain(dst[n:], a[n:], b[n:])
		},
		MulSpread: func(dst, a, b []float32, stride int) {
			b = b[:len(a)]
			vectors := len(a) / packed
			if vectors > 0 {
				_ = dst[(vectors-1)*stride+packed-1]
				mulSpread(vectors*packed, &dst[0], &a[0], &b[0], stride)
			}
			if n := vectors * packed; n < len(a) {
				mulPlain(dst[vectors*stride:][:len(a)-n], a[n:], b[n:])
			}
		},
		SGD: func(params, grads, velocity []float32, rate, momentum, decay float32) {
			grads, velocity = grads[:len(params)], velocity[:len(params)]
			n := len(params) / lanes * lanes
			if n > 0 {
				sgd(n, &params[0], &grads[0], &velocity[0], rate, momentum, decay)
			}
			sgdPlain(params[n:], grads[n:], velocity[n:], rate, momentum, decay)
		},
		AdamW: func(params, grads, mean, square []float32, c *AdamW) {
			grads, mean, square = grads[:len(params)], mean[:len(params)], square[:len(params)]
			n := len(params) / lanes * lanes
			if n > 0 {
				adamW(n, &params[0], &grads[0], &mean[0], &square[0], &c.Beta1)
			}
			adamWPlain(params[n:], grads[n:], mean[n:], square[n:], c)
		},
		Drop: func(dst, a, shift []float32, d Drop) {
			a, shift = a[:len(dst)], shift[:len(dst)]
			n := len(dst) / drawn * drawn
			if n > 0 {
				drop(n, &dst[0], &a[0], &shift[0], d.Scale, d.Kept, uint32(d.Key), uint32(d.Key>>32))
			}
			dropFrom(n, dst, a, shift, d)
		},
	}
}

// assembledMoments takes whole vectors by the assembly, and the few elements after them in plain Go.
func assembledMoments(
	lanes int,
	standardise func(n int, dst, a *float32, mean, inverse *float64, scale float64),
	moments func(n int, a, origin *float32, mean, squares *float64, weight float64),
) (func(dst, a []float32, mean, inverse []float64, scale float64), func(a, origin []float32, mean, squares []float64, weight float64)) {
	return func(dst, a []float32, mean, inverse []float64, scale float64) {
			a, mean, inverse = a[:len(dst)], mean[:len(dst)], inverse[:len(dst)]
			n := len(dst) / lanes * lanes
			if n > 0 {
				standardise(n, &dst[0], &a[0], &mean[0], &inverse[0], scale)
			}
			standardisePlain(dst[n:], a[n:], mean[n:], inverse[n:], scale)
		}, func(a, origin []float32, mean, squares []float64, weight float64) {
			origin, mean, squares = origin[:len(a)], mean[:len(a)], squares[:len(a)]
			n := len(a) / lanes * lanes
			if n > 0 {
				moments(n, &a[0], &origin[0], &mean[0], &squares[0], weight)
			}
			momentsPlain(a[n:], origin[n:], mean[n:], squares[n:], weight)
		}
}
