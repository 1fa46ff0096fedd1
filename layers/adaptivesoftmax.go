package layers

import (
	"fmt"
	"math"
	"slices"

	"autodropout/autograd"
	"autodropout/ops"
)

// AdaptiveSoftmaxConfig configures [NewAdaptiveSoftmax].
type AdaptiveSoftmaxConfig struct {
	// Table (classes, Dim) holds the output vectors of the classes, which are
	// ordered from frequent to rare. It may be that of an embedding (tied
	// weights, Press and Wolf, arXiv 1608.05859) and belongs to the scope's set.
	Table *autograd.Param

	// Cutoffs are the classes at which clusters begin, ascending. Classes below
	// the first one are the head. Of the table, only the head's part is used:
	// a cluster has output vectors of its own. nil: all classes are the head, a
	// plain softmax.
	Cutoffs []int

	Weight Init // of the clusters; nil: as [NewLinear]
}

// clusterReduction is the factor by which each cluster's vectors are shorter
// than those of the one before.
const clusterReduction = 4

// AdaptiveSoftmax predicts one of many classes with little work for the frequent ones
// (Grave et al., arXiv 1609.04309): the head distinguishes the frequent classes and the
// clusters of rare ones; each cluster distinguishes its classes in a space of its own, of
// Dim/4 dimensions in the first cluster, Dim/16 in the second, and so on. It is PyTorch's
// AdaptiveLogSoftmaxWithLoss with a head bias, whose head's weight is the table's part
// followed by the rows of cluster.weight.
type AdaptiveSoftmax struct {
	table    *autograd.Param
	head     int             // number of classes in the head
	clusters *autograd.Param // (clusters, Dim), nil when there are none
	bias     *autograd.Param // of the head's classes, then of the clusters
	tails    []tail
}

// tail is one cluster.
type tail struct {
	first    int // of its classes
	down, up *Linear
}

// NewAdaptiveSoftmax creates the parameters bias, cluster.weight, and for each
// cluster i tail.i.0.weight, which shortens, and tail.i.1.weight in s. It is an error
// when the cutoffs do not ascend from 1 to below the number of classes.
func NewAdaptiveSoftmax(s *Scope, config AdaptiveSoftmaxConfig) (*AdaptiveSoftmax, error) {
	classes, dim := config.Table.Shape()[0], config.Table.Shape()[1]
	ends := append(slices.Clone(config.Cutoffs), classes)
	for i, first := range config.Cutoffs {
		if first < 1 || first >= ends[i+1] {
			return nil, fmt.Errorf("the cutoffs of an adaptive softmax must ascend from 1 to below the %d classes, not %v", classes, config.Cutoffs)
		}
	}
	l := &AdaptiveSoftmax{table: config.Table, head: ends[0]}
	l.bias = s.Param("bias", Zeros, l.head+len(config.Cutoffs))
	if len(config.Cutoffs) == 0 {
		return l, nil
	}
	weight := config.Weight
	if weight == nil {
		weight = Uniform(1 / math.Sqrt(float64(dim)))
	}
	l.clusters = s.Sub("cluster").Param("weight", weight, len(config.Cutoffs), dim)
	width := dim
	for i, first := range config.Cutoffs {
		width = max(1, width/clusterReduction)
		scope := s.Sub(fmt.Sprintf("tail.%d", i))
		l.tails = append(l.tails, tail{
			first: first,
			down:  NewLinear(scope.Sub("0"), LinearConfig{In: dim, Out: width, NoBias: true, Weight: config.Weight}),
			up:    NewLinear(scope.Sub("1"), LinearConfig{In: width, Out: ends[i+1] - first, NoBias: true, Weight: config.Weight}),
		})
	}
	return l, nil
}

// headLogits returns (M, head classes + clusters) for x (M, Dim).
func (l *AdaptiveSoftmax) headLogits(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	weight := c.Use(l.table)
	if l.clusters != nil {
		weight = ops.Concat(0, ops.Slice(weight, 0, 0, l.head), c.Use(l.clusters))
	}
	return ops.Linear(x, weight, c.Use(l.bias))
}

func (t *tail) logits(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return t.up.Forward(c, t.down.Forward(c, x))
}

// cluster returns the index of the cluster that has the class, -1 for the head.
func (l *AdaptiveSoftmax) cluster(class int) int {
	j := len(l.tails) - 1
	for j >= 0 && class < l.tails[j].first {
		j--
	}
	return j
}

// split returns the class or cluster of each class in the head, and for each cluster
// the rows whose classes it has, with their indices in it.
func (l *AdaptiveSoftmax) split(classes []int) (inHead []int, rows, inTail [][]int) {
	inHead = slices.Clone(classes)
	rows, inTail = make([][]int, len(l.tails)), make([][]int, len(l.tails))
	for i, class := range classes {
		if j := l.cluster(class); j >= 0 {
			inHead[i] = l.head + j
			rows[j], inTail[j] = append(rows[j], i), append(inTail[j], class-l.tails[j].first)
		}
	}
	return inHead, rows, inTail
}

// Loss returns the mean cross-entropy in nats of the predictions from x (M, Dim)
// for M classes, a scalar.
func (l *AdaptiveSoftmax) Loss(c *Ctx, x *autograd.Tensor, classes []int) *autograd.Tensor {
	return c.Tape.Block(func() *autograd.Tensor {
		inHead, rows, inTail := l.split(classes)
		loss := ops.CrossEntropy(l.headLogits(c, x), inHead, ops.CrossEntropySpec{})
		for j, t := range l.tails {
			if len(rows[j]) == 0 {
				continue
			}
			part := ops.CrossEntropy(t.logits(c, ops.Embedding(x, rows[j])), inTail[j], ops.CrossEntropySpec{})
			loss = ops.Add(loss, ops.Scale(part, float32(len(rows[j]))/float32(len(classes))))
		}
		return loss
	})
}

// LogProbs returns the log-probability in nats of each of M classes, predicted from x
// (M, Dim): (M). As [AdaptiveSoftmax.Loss] does, it computes no cluster for a row whose class
// is not in it.
func (l *AdaptiveSoftmax) LogProbs(c *Ctx, x *autograd.Tensor, classes []int) *autograd.Tensor {
	return c.Tape.Block(func() *autograd.Tensor {
		inHead, rows, inTail := l.split(classes)
		head := ops.Pick(ops.LogSoftmax(l.headLogits(c, x)), inHead)
		inside := []*autograd.Tensor{autograd.New(1)} // 0, for the classes of the head
		from, next := make([]int, len(classes)), 1
		for j, t := range l.tails {
			if len(rows[j]) == 0 {
				continue
			}
			inside = append(inside, ops.Pick(ops.LogSoftmax(t.logits(c, ops.Embedding(x, rows[j]))), inTail[j]))
			for _, row := range rows[j] {
				from[row] = next
				next++
			}
		}
		if next == 1 {
			return head
		}
		return ops.Add(head, ops.Reshape(ops.Embedding(ops.Reshape(ops.Concat(0, inside...), next, 1), from), len(classes)))
	})
}

// Logits returns the log-probabilities of all classes, up to a constant for
// each of the M rows, for x (M, Dim): (M, classes).
func (l *AdaptiveSoftmax) Logits(c *Ctx, x *autograd.Tensor) *autograd.Tensor {
	return c.Tape.Block(func() *autograd.Tensor {
		head := l.headLogits(c, x)
		if len(l.tails) == 0 {
			return head
		}
		// Probabilities of clusters are small numbers that logits far from 0 would
		// swallow.
		head = ops.LogSoftmax(head)
		parts := []*autograd.Tensor{ops.Slice(head, 1, 0, l.head)}
		for j, t := range l.tails {
			// log p(class) = log p(class | cluster) + log p(cluster), the latter
			// one number a row.
			cluster := ops.Slice(head, 1, l.head+j, l.head+j+1)
			parts = append(parts, ops.Add(ops.LogSoftmax(t.logits(c, x)), cluster))
		}
		return ops.Concat(1, parts...)
	})
}
