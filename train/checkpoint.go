package train

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"autodropout/autograd"
	"autodropout/internal/atomicfile"
	"autodropout/internal/safetensors"
	"autodropout/layers"
	"autodropout/optim"
)

// A checkpoint is a safetensors file with the model's parameters and buffers in
// PyTorch's names and layout, and, under names of our own, the state of the
// optimizer, of the average and of the task, and the losses so far. Its metadata
// hold the number of steps, from which the place in the data and all randomness
// follow, all settings (see settings), and a checksum. It is a pure function of the
// training: nothing in it depends on the time, and of the machine only the
// instruction set counts.
const (
	statePrefix     = "train/"
	lossesName      = statePrefix + "losses"
	optimizerPrefix = statePrefix + "optimizer/"
	averagePrefix   = statePrefix + "average/"
	taskPrefix      = statePrefix + "task/"
	validationsKey  = "validations"
	validLossesKey  = "validation losses"
	stepKey         = "step"
	optimizerSteps  = "optimizer steps"
	averageSteps    = "average steps"
)

// Save writes a checkpoint. The file appears whole or not at all. Validate, which sees
// averaged weights, may call it too: the checkpoint is that of the training.
func (l *Loop) Save(path string) error {
	if l.swapped {
		l.average.Swap()
		defer l.average.Swap()
	}
	return write(path, 1, l.checkpoint())
}

// checkpoint returns what a checkpoint holds.
func (l *Loop) checkpoint() *safetensors.File {
	file := &safetensors.File{Tensors: arrays(l.params), Metadata: l.settings()}
	file.Metadata[stepKey] = strconv.Itoa(l.Done())
	if text := l.validationsText(); text != "" {
		file.Metadata[validationsKey] = text
	}
	if text := l.validLossesText(); text != "" {
		file.Metadata[validLossesKey] = text
	}
	add := func(prefix, key string, s optim.State) {
		file.Metadata[key] = strconv.Itoa(s.Steps)
		for _, slot := range s.Slots {
			file.Tensors = append(file.Tensors, safetensors.Tensor{Name: prefix + slot.Name, Shape: []int{len(slot.Data)}, Data: slot.Data})
		}
	}
	add(optimizerPrefix, optimizerSteps, l.config.Optimizer.State())
	if l.average != nil {
		add(averagePrefix, averageSteps, l.average.State())
	}
	file.Tensors = append(file.Tensors, safetensors.Tensor{Name: lossesName, Shape: []int{len(l.losses)}, Data: l.losses})
	if task, ok := l.task.(Stateful); ok {
		for _, array := range task.State() {
			array.Name = taskPrefix + array.Name
			file.Tensors = append(file.Tensors, safetensors.Tensor(array))
		}
	}
	return file
}

// save writes the configured checkpoint, the logs first.
func (l *Loop) save() error {
	for path, log := range map[string]*runLog{l.config.Log: l.log, l.config.ValidationLog: l.validationLog} {
		if log == nil {
			continue
		}
		if err := log.flush(); err != nil {
			return &SaveError{path, err}
		}
	}
	if err := write(l.config.Checkpoint, l.config.KeepCheckpoints, l.checkpoint()); err != nil {
		return err
	}
	l.saved = l.Done()
	return nil
}

// Load restores a checkpoint that Save wrote for a training with the same settings:
// configuration, optimizer, schedule, dropout, model, data and arithmetic. If a setting
// differs and AcceptChanges does not list it, the error is a [*ChangedError]. On error the
// trainer must not be used, except after a [*DamagedError], which leaves it unchanged.
func (l *Loop) Load(path string) error {
	file, err := safetensors.ReadFile(path)
	if opening := (*fs.PathError)(nil); errors.As(err, &opening) && opening.Op == "open" {
		return fmt.Errorf("cannot read the checkpoint: %w", err)
	}
	if err != nil {
		return &DamagedError{err}
	}
	return l.accept(path, file)
}

// accept takes over what a checkpoint holds. The path names it for errors.
func (l *Loop) accept(path string, file *safetensors.File) error {
	losses := file.Lookup(lossesName)
	if losses == nil {
		return fmt.Errorf("%s is not a checkpoint of a training: for weights there is weights.Load", path)
	}
	if err := l.compare(path, file.Metadata); err != nil {
		return err
	}
	if len(losses.Data) > l.total {
		return fmt.Errorf("the checkpoint %s has %d steps, and this training %d", path, len(losses.Data), l.total)
	}
	if err := restoreWeights(l.params, file); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	state, err := readState(file, optimizerPrefix, optimizerSteps, l.config.Optimizer.State())
	if err == nil {
		err = l.config.Optimizer.LoadState(state)
	}
	if err == nil && l.average != nil {
		if state, err = readState(file, averagePrefix, averageSteps, l.average.State()); err == nil {
			err = l.average.LoadState(state)
		}
	}
	if err == nil {
		err = l.readValidations(file.Metadata[validationsKey], file.Metadata[validLossesKey], losses.Data)
	}
	if task, ok := l.task.(Stateful); ok && err == nil {
		err = task.Restore(taskState(file))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	l.losses = append(l.losses[:0], losses.Data...)
	return nil
}

// readState collects the saved slots with the names of want.
func readState(file *safetensors.File, prefix, key string, want optim.State) (optim.State, error) {
	steps, err := strconv.Atoi(file.Metadata[key])
	if err != nil || steps < 0 {
		return optim.State{}, fmt.Errorf("the checkpoint does not say %s", key)
	}
	s := optim.State{Steps: steps}
	for _, slot := range want.Slots {
		tensor := file.Lookup(prefix + slot.Name)
		if tensor == nil {
			return optim.State{}, fmt.Errorf("the checkpoint has no %s%s", prefix, slot.Name)
		}
		s.Slots = append(s.Slots, optim.Slot{Name: slot.Name, Data: tensor.Data})
	}
	return s, nil
}

// taskState returns what a checkpoint holds of the task's state.
func taskState(file *safetensors.File) []layers.Array {
	var state []layers.Array
	for _, t := range file.Tensors {
		if name, ok := strings.CutPrefix(t.Name, taskPrefix); ok {
			t.Name = name
			state = append(state, layers.Array(t))
		}
	}
	return state
}

func arrays(ps *autograd.Params) []safetensors.Tensor {
	var ts []safetensors.Tensor
	for _, a := range layers.State(ps) {
		ts = append(ts, safetensors.Tensor(a))
	}
	return ts
}

// restoreWeights copies the weights in a file into ps, all or none.
func restoreWeights(ps *autograd.Params, file *safetensors.File) error {
	var state []layers.Array
	for _, t := range file.Tensors {
		if !strings.HasPrefix(t.Name, statePrefix) {
			state = append(state, layers.Array(t))
		}
	}
	return layers.LoadState(ps, state)
}

func write(path string, keep int, file *safetensors.File) error {
	err := atomicfile.Rotate(path, keep, func(w io.Writer) error { return safetensors.Write(w, file) })
	if err != nil {
		return &SaveError{path, err}
	}
	return nil
}
