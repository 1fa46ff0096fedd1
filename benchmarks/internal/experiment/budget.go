package experiment

// budget returns how many trials the search of a row has.
func (p *Plan) budget(row Row) int {
	if row.tuned() && p.TuneTrials > 0 {
		return p.TuneTrials
	}
	return p.Trials
}

// sampled returns how many of a row's trials choose their points; the others repeat
// the finalists.
func (p *Plan) sampled(row Row) int {
	if row.tuned() {
		return p.budget(row)
	}
	return p.Trials - repeats*p.Finalists
}
