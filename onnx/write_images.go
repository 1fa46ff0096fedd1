package onnx

import (
	"cmp"

	"autodropout/internal/onnxfile"
	"autodropout/ops"
)

// axes returns how a convolution moves down and across, without zeros that mean 1.
func convAxes(s *ops.ConvSpec) (down, across ops.ConvAxis) {
	down = ops.ConvAxis{Stride: cmp.Or(s.Stride, 1), Pad: s.Pad, Dilation: cmp.Or(s.Dilation, 1)}
	if across = down; s.Across != nil {
		across = ops.ConvAxis{Stride: cmp.Or(s.Across.Stride, 1), Pad: s.Across.Pad, Dilation: cmp.Or(s.Across.Dilation, 1)}
	}
	return down, across
}

func convAttributes(s *ops.ConvSpec, rows, cols int) []onnxfile.Attribute {
	down, across := convAxes(s)
	return []onnxfile.Attribute{
		attrInts("kernel_shape", rows, cols), attrInts("strides", down.Stride, across.Stride), attrInts("pads", down.Pad, across.Pad, down.Pad, across.Pad),
		attrInts("dilations", down.Dilation, across.Dilation), attrInt("group", cmp.Or(s.Groups, 1)),
	}
}

func (o *operation) conv() error {
	o.out.first = o.convolved(o.spec.(*ops.ConvSpec))
	return nil
}

// convolved writes a convolution of the first two inputs.
func (o *operation) convolved(spec *ops.ConvSpec) string {
	w := o.in[1]
	kernel := o.kernel(w) // before the node, which a bias may still join
	return o.node("Conv", []string{o.first(o.in[0]), kernel}, convAttributes(spec, w.shape[0], w.shape[1])...)
}

func (o *operation) convMaxPool() error {
	spec := o.spec.(*ops.Conv2DMaxPoolArgs)
	o.out.first = o.pooled("MaxPool", o.convolved(&spec.Conv), spec.Pool)
	return nil
}

func (o *operation) convTranspose() error {
	spec, w := o.spec.(*ops.ConvTransposeSpec), o.in[1]
	kernel := o.kernel(w)
	attributes := append(convAttributes(&spec.ConvSpec, w.shape[0], w.shape[1]), attrInts("output_padding", spec.ExtraRows, spec.ExtraCols))
	o.out.first = o.node("ConvTranspose", []string{o.first(o.in[0]), kernel}, attributes...)
	return nil
}

func (o *operation) convBatchNorm() error {
	spec := o.spec.(*ops.ConvBatchNormArgs)
	y := o.normalised(o.convolved(&spec.Conv), &spec.BatchNormArgs, o.in[2], o.in[3])
	if len(o.in) > 4 {
		residual := o.in[4]
		y = o.node("Add", []string{y, o.first(residual)})
	}
	switch spec.End.Activation {
	case ops.WithReLU:
		y = o.node("Relu", []string{y})
	case ops.WithSiLU:
		y = o.silu(y)
	case ops.WithGELU:
		y = o.gelu(y)
	}
	o.out.first = y
	return nil
}

// normalised writes a batch normalisation with running statistics.
func (o *operation) normalised(x string, args *ops.BatchNormArgs, gamma, beta *value) string {
	inputs := []string{x, o.last(gamma), o.last(beta), o.statistic(args.Running.Mean), o.statistic(args.Running.Var)}
	return o.node("BatchNormalization", inputs, attrFloat("epsilon", cmp.Or(args.Spec.Eps, 1e-5)), attrFloat("momentum", 1-cmp.Or(args.Spec.Momentum, 0.1)))
}

// statistic writes running means or variances.
func (o *operation) statistic(data []float32) string {
	if a, ok := o.state[place(data)]; ok {
		o.behind = a.Name
		return o.initializer(a.Array)
	}
	return o.floats([]int{len(data)}, data)
}

func (o *operation) batchNorm() error {
	args := o.spec.(*ops.BatchNormArgs)
	if args.Spec.Train {
		return o.wrong("it takes the statistics of the batch: a file is for prediction")
	}
	y := o.normalised(o.first(o.in[0]), args, o.in[1], o.in[2])
	switch o.op {
	case "ops.BatchNormAddReLU":
		y = o.node("Relu", []string{o.node("Add", []string{y, o.first(o.in[3])})})
	case "ops.BatchNormReLU":
		y = o.node("Relu", []string{y})
	case "ops.BatchNormSiLU":
		y = o.silu(y)
	case "ops.BatchNormGELU":
		y = o.gelu(y)
	}
	o.out.first = y
	return nil
}

func (o *operation) pool() error {
	x, spec := o.first(o.in[0]), o.spec.(ops.PoolSpec)
	if o.op == "ops.AvgPool2D" {
		o.out.first = o.pooled("AveragePool", x, spec, attrInt("count_include_pad", 1))
	} else {
		o.out.first = o.pooled("MaxPool", x, spec)
	}
	return nil
}

// pooled writes windows of one size over x.
func (o *operation) pooled(op, x string, s ops.PoolSpec, more ...onnxfile.Attribute) string {
	attributes := []onnxfile.Attribute{attrInts("kernel_shape", s.Size, s.Size), attrInts("strides", s.Stride, s.Stride), attrInts("pads", s.Pad, s.Pad, s.Pad, s.Pad)}
	return o.node(op, []string{x}, append(attributes, more...)...)
}

func (o *operation) globalPool() error {
	o.out.last = o.node("Flatten", []string{o.node("GlobalAveragePool", []string{o.first(o.in[0])})}, attrInt("axis", 1))
	return nil
}

// adaptive writes windows that divide the pixels, all of one size.
func adaptive(kind string) func(o *operation) error {
	return func(o *operation) error {
		spec, shape := o.spec.(ops.AdaptivePoolArgs), o.in[0].shape
		rows, cols := shape[1]/spec.Height, shape[2]/spec.Width
		switch {
		case spec.Height == 1 && spec.Width == 1:
			o.out.first = o.node("Global"+kind+"Pool", []string{o.first(o.in[0])})
		case rows*spec.Height == shape[1] && cols*spec.Width == shape[2]:
			o.out.first = o.node(kind+"Pool", []string{o.first(o.in[0])}, attrInts("kernel_shape", rows, cols), attrInts("strides", rows, cols))
		default:
			return o.wrong("%d times %d windows on %d times %d pixels differ in size: take numbers that divide the pixels", spec.Height, spec.Width, shape[1], shape[2])
		}
		return nil
	}
}

func (o *operation) upsample() error {
	s, x := o.spec.(*ops.UpsampleSpec), o.first(o.in[0])
	attributes := []onnxfile.Attribute{attrText("mode", "nearest"), attrText("coordinate_transformation_mode", "asymmetric"), attrText("nearest_mode", "floor")}
	if s.Bilinear {
		attributes = []onnxfile.Attribute{attrText("mode", "linear"), attrText("coordinate_transformation_mode", "half_pixel")}
		if s.AlignCorners {
			attributes[1].String = "align_corners"
		}
	}
	if s.Scale != 0 {
		scales := o.floats([]int{4}, []float32{1, 1, float32(s.Scale), float32(s.Scale)})
		o.out.first = o.node("Resize", []string{x, "", scales}, attributes...)
		return nil
	}
	front := o.sliced(o.node("Shape", []string{x}), 0, 0, 2)
	sizes := o.node("Concat", []string{front, o.ints(o.out.shape[1], o.out.shape[2])}, attrInt("axis", 0))
	o.out.first = o.node("Resize", []string{x, "", "", sizes}, attributes...)
	return nil
}

func (o *operation) groupNorm() error {
	args, x := o.spec.(ops.GroupNormArgs), o.in[0]
	channels := x.shape[x.rank()-1]
	front := o.first(x)
	constant := func(n int, v float32) string {
		data := make([]float32, n)
		for i := range data {
			data[i] = v
		}
		return o.floats([]int{n}, data)
	}
	plain := func(x string, n int) string {
		return o.node("InstanceNormalization", []string{x, constant(n, 1), constant(n, 0)}, attrFloat("epsilon", args.Eps))
	}
	y := ""
	if args.Groups == channels && x.rank() > 2 {
		if len(o.in) > 1 {
			o.out.first = o.node("InstanceNormalization", []string{front, o.last(o.in[1]), o.last(o.in[2])}, attrFloat("epsilon", args.Eps))
			return nil
		}
		y = plain(front, channels)
	} else {
		grouped := o.node("Reshape", []string{front, o.ints(0, args.Groups, -1)})
		y = o.node("Reshape", []string{plain(grouped, args.Groups), o.node("Shape", []string{front})})
	}
	for i, op := range []string{"Mul", "Add"} {
		if len(o.in) > 1 {
			vector := o.last(o.in[i+1])
			if x.rank() > 2 {
				vector = o.perChannel(vector, x.rank())
			}
			y = o.node(op, []string{y, vector})
		}
	}
	o.set(y, x.rank() > 2)
	return nil
}
