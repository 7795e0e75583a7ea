package task

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"jingwei/internal/kernel/pack"
	"jingwei/internal/kernel/text"
)

// shelf is what a node has: a target and an indicator.
type shelf struct{}

func (shelf) Target(id string) (text.Text, string, bool) {
	return text.Text{Zh: "网络化率", En: "Networking"}, "machine-networking", id == "KPI-1"
}

func (shelf) Indicator(id string) (text.Text, bool) {
	return text.Text{Zh: "联网率", En: "Networked"}, id == "machine-networking"
}

func tiesOf(lines string) fstest.MapFS {
	return fstest.MapFS{"tasks/a.yaml": {Data: []byte("id: a\nversion: 1.0.0\nsource: ours\nname: {zh: 甲, en: A}\nties:\n" + lines)}}
}

func TestTasksAreTied(t *testing.T) {
	o, err := LoadOutcomes(tiesOf("  - {task: TASK-A-01, targets: [KPI-1]}\n  - {task: TASK-A-02, none: {zh: 没有数值, en: No number is set}, indicators: [machine-networking]}\n"), shelf{})
	if err != nil {
		t.Fatal(err)
	}
	if x := o.Of("TASK-A-01", ""); len(x) != 1 || x[0].Targets[0].Name.En != "Networking" || x[0].Targets[0].Indicator != "machine-networking" {
		t.Errorf("%+v", x)
	}
	if x := o.Of("", "KPI-1"); len(x) != 1 || x[0].Task != "TASK-A-01" {
		t.Errorf("%+v", x)
	}
	if x := o.Of("TASK-A-02", ""); x[0].None.En != "No number is set" || x[0].Indicators[0].Name.Zh != "联网率" {
		t.Errorf("%+v", x)
	}
	if o, err := LoadOutcomes(fstest.MapFS{}, shelf{}); err != nil || len(o.Of("", "")) != 0 {
		t.Error(err)
	}
}

func TestBadTiesAreRefused(t *testing.T) {
	for line, want := range map[string]string{
		"  - {task: TASK-A-01, targets: [KPI-2]}\n":                                          `tasks/a.yaml:6:33: ties[0].targets[0]: "KPI-2" is not a target of this node`,
		"  - {task: TASK-A-01, none: {zh: 甲, en: A}, indicators: [x]}\n":                     `ties[0].indicators[0]: "x" is not an indicator of this node`,
		"  - {task: TASK-A-01}\n":                                                            "ties[0].targets: is empty",
		"  - {task: TASK-A-01, targets: [KPI-1], none: {zh: 甲, en: A}}\n":                    "ties[0].none: does not go with targets",
		"  - {task: TASK-A-01, none: {zh: 甲}}\n":                                             "none",
		"  - {task: TASK-A-01, targets: [KPI-1, KPI-1]}\n":                                   `ties[0].targets[1]: "KPI-1" is named twice`,
		"  - {task: TASK-A-01, targets: [KPI-1], indicators: [machine-networking]}\n":        "ties[0].indicators: stand beside none",
		"  - {task: task 1, targets: [KPI-1]}\n":                                             "is no key of a task",
		"  - {task: TASK-A-01, targets: [KPI-1]}\n  - {task: TASK-A-01, targets: [KPI-1]}\n": `ties[1].task: "TASK-A-01" is tied in a already`,
		"  - {task: TASK-A-01, targets: [KPI-1], effect: great}\n":                           "effect",
		"  []\n": "ties",
	} {
		_, err := LoadOutcomes(tiesOf(line), shelf{})
		var faults pack.Faults
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}
