package outside

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]Answer{
		`{"reward": 0.9}`: {Reward: 0.9},
		`{"reward": -1e3, "values": {"error": 8.5, "NaN \" Infinity": 2}}`: {Reward: -1000, Values: map[string]float64{"error": 8.5, `NaN " Infinity`: 2}},
		`{"reward": 1, "values": {"x": -Infinity, "loss": NaN}}`:           {Reward: 1, Infinite: []string{"loss", "x"}},
		`{"diverged": true}`:               {Reward: math.NaN(), Diverged: true},
		`{"reward": 3, "diverged": true}`:  {Reward: math.NaN(), Diverged: true},
		`{"reward": NaN}`:                  {Reward: math.NaN(), Diverged: true},
		`{"reward": Infinity}`:             {Reward: math.NaN(), Diverged: true},
		`{"reward": null, "values": null}`: {Reward: math.NaN(), Diverged: true},
		`{"reward": 1, "epochs": [{"train_loss": 2, "valid_loss": 1.5, "valid_score": 0.4}, {"valid_loss": NaN, "train_loss": null, "valid_score": 3}, {}]}`: {
			Reward: 1, Epochs: []Epoch{{2, 1.5, 0.4}, {math.NaN(), math.NaN(), 3}, {math.NaN(), math.NaN(), math.NaN()}}},
		" {\"reward\": 2,\n\"values\":{}}\n": {Reward: 2},
	} {
		got, err := parse([]byte(text))
		if fmt.Sprint(got.Epochs) != fmt.Sprint(want.Epochs) {
			t.Errorf("%s has the epochs %v, want %v", text, got.Epochs, want.Epochs)
		}
		same := got.Reward == want.Reward || math.IsNaN(got.Reward) && math.IsNaN(want.Reward)
		if err != nil || !same || got.Diverged != want.Diverged || !maps.Equal(got.Values, want.Values) || !slices.Equal(got.Infinite, want.Infinite) {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		`{}`:                                     `no "reward"`,
		`{"values": {}}`:                         `no "reward"`,
		`{"reward": "0.9"}`:                      `"reward" is a string`,
		`{"reward": 0.9`:                         "ends in the middle",
		``:                                       "ends in the middle",
		`{"reward": 1} {"reward": 2}`:            "something follows",
		`{"reward": 1, "rewards": 1}`:            `unknown field "rewards"`,
		`{"reward": 1, "values": [1]}`:           "array",
		`0.9`:                                    "number",
		`{"reward": 1, "epochs": 3}`:             "epochs",
		`{"reward": 1, "epochs": [{"loss": 3}]}`: `an epoch: unknown field "loss"`,
		`{"reward": 1, "epochs": [{"valid_loss": ""}]}`: `an epoch: "valid_loss" is a string`,
		`{"reward": 1e999}`:                             "1e999",
	} {
		if got, err := parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is %+v, %v", text, got, err)
		}
	}
}

// FuzzParse: an answer that is read has a reward or has diverged.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"reward": NaN, "values": {"a\"": -Infinity}, "diverged": false}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := parse(text)
		if err == nil && math.IsNaN(a.Reward) != a.Diverged {
			t.Errorf("%q is %+v", text, a)
		}
		for name, v := range a.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%q has %s %v", text, name, v)
			}
		}
	})
}
