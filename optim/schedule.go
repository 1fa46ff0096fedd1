package optim

import "math"

// Schedule gives the learning rate of a step, counted from 0.
type Schedule func(step int) float32

// Constant is lr at every step.
func Constant(lr float32) Schedule {
	return func(int) float32 { return lr }
}

// Cosine falls from lr at step 0 to 0 at step total along half a cosine and
// stays there (Loshchilov and Hutter, arXiv 1608.03983, without restarts).
func Cosine(lr float32, total int) Schedule { return CosineTo(lr, 0, total) }

// CosineTo is like [Cosine] but falls to last.
func CosineTo(lr, last float32, total int) Schedule {
	return func(step int) float32 {
		if step >= total {
			return last
		}
		return last + float32((lr-last)*float32((1+math.Cos(math.Pi*float64(step)/float64(total)))/2))
	}
}

// PartialCosine is lr*cos(7/16*pi*step/total), which ends at a fifth of lr and
// stays there: the schedule of semi-supervised learning (Xie et al., arXiv
// 1904.12848; Sohn et al., arXiv 2001.07685).
func PartialCosine(lr float32, total int) Schedule {
	return func(step int) float32 {
		angle := 7 * math.Pi / 16
		if step < total {
			angle = 7 * math.Pi / 16 * float64(step) / float64(total)
		}
		return lr * float32(math.Cos(angle))
	}
}

// Triangle rises from first at step 0 to peak at step top along a straight line, and
// falls along another to last at step total, where it stays.
func Triangle(first, peak, last float32, top, total int) Schedule {
	return func(step int) float32 {
		from, to, share := first, peak, 0.0
		switch {
		case step < top:
			share = float64(step) / float64(top)
		case step < total:
			from, to, share = peak, last, float64(step-top)/float64(total-top)
		default:
			return last
		}
		return float32(float64(from) + float64(float64(to-from)*share))
	}
}

// MultiStep starts at lr and multiplies it by factor at each of the milestones,
// which are steps.
func MultiStep(lr, factor float32, milestones ...int) Schedule {
	return func(step int) float32 {
		rate := float64(lr)
		for _, m := range milestones {
			if step >= m {
				rate *= float64(factor)
			}
		}
		return float32(rate)
	}
}

// Exponential starts at lr and multiplies it by factor after every so many steps;
// 0 means 1.
func Exponential(lr, factor float32, every int) Schedule {
	every = max(1, every)
	return func(step int) float32 {
		return float32(float64(lr) * math.Pow(float64(factor), float64(step/every)))
	}
}

// WarmUp multiplies the rates of next by a factor that grows linearly over the
// first steps, from 1/steps at step 0 to 1 at step steps-1 (Goyal et al., arXiv
// 1706.02677). next counts the warm-up's steps too.
func WarmUp(steps int, next Schedule) Schedule {
	return func(step int) float32 {
		rate := next(step)
		if step < steps {
			rate *= float32(step+1) / float32(steps)
		}
		return rate
	}
}
