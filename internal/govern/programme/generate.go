package programme

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"jingwei/internal/kernel/field"
	"jingwei/internal/kernel/text"
	"jingwei/internal/office/flow"
)

// FlowPrefix begins the id of the flow that follows from a call.
const FlowPrefix = "call-"

// The states of a case, and what happened to a project.
const (
	Draft     = "draft"
	Submitted = "submitted"
	Returned  = "returned"
	Reviewing = "reviewing"
	Publicity = "publicity"
	Objected  = "objected"
	Building  = "building"
	Accepting = "accepting"
	Accepted  = "accepted"
	Failed    = "failed"
	Ended     = "withdrawn" // after the award: the project is given up
	Rejected  = "rejected"
	Retracted = "retracted" // before the award
	Lapsed    = "lapsed"
)

// When a tranche can be paid.
const (
	AfterAward      = "award"
	AfterAcceptance = "acceptance"
)

const checkPrefix = "check"

var (
	ownFields = []string{"project", "summary", "truthful", "missing", "award", "objection", "finding", "report", "opinion"}
	ownPapers = []string{"evidence", "acceptance"}
)

// checkField is the field of a point of the formal check.
func checkField(id string) string {
	r := []rune(id)
	r[0] = unicode.ToUpper(r[0])
	return checkPrefix + string(r)
}

type object = map[string]any

// Flow writes the flow that follows from a call, as a pack of office/flow: JSON, which is YAML. The same call gives the same bytes.
// Error: what the flow's own rules say against it.
func (c *Call) Flow() ([]byte, error) {
	b, err := json.Marshal(c.flow())
	if err != nil {
		return nil, err
	}
	if _, err := flow.Decode(FlowPrefix+c.ID+".yaml", b); err != nil {
		return nil, err
	}
	return b, nil
}

func both(zh, en string) text.Text { return text.Text{Zh: zh, En: en} }

func (c *Call) flow() object {
	keys, required, free := []string{}, []string{}, []string{}
	fields := field.Schema{
		{Key: "project", Name: both("项目名称", "Project"), Type: field.Text, MinLength: 2, MaxLength: 120, Class: field.Public},
		{Key: "summary", Name: both("项目简介", "Summary"), Type: field.Text, MaxLength: 4000},
	}
	for _, f := range c.Fields {
		keys = append(keys, f.Key)
		if f.Required {
			required = append(required, f.Key)
		} else {
			free = append(free, f.Key)
		}
		f.Required = false // a transition says when
		fields = append(fields, f)
	}
	fields = append(fields, field.Field{Key: "truthful", Name: both("真实性承诺", "Declared to be true"), Type: field.Boolean})
	var points []string
	var passes []object
	for _, x := range c.Checks {
		key := checkField(x.ID)
		points = append(points, key)
		passes = append(passes, object{"field": key, "is": true})
		fields = append(fields, field.Field{Key: key, Name: x.Text, Type: field.Boolean})
	}
	fields = append(fields,
		field.Field{Key: "missing", Name: both("需补正内容", "To be completed"), Type: field.Text, MinLength: 2, MaxLength: 4000},
		field.Field{Key: "award", Name: both("拟支持金额", "Proposed award"), Type: field.Money, Min: "0", Class: field.Public},
		field.Field{Key: "objection", Name: both("异议内容", "Objection"), Type: field.Text, MinLength: 10, MaxLength: 4000, Class: field.Restricted},
		field.Field{Key: "finding", Name: both("异议处理结论", "Finding on the objection"), Type: field.Text, MinLength: 2, MaxLength: 4000},
		field.Field{Key: "report", Name: both("总结报告", "Final report"), Type: field.Text, MinLength: 2, MaxLength: 4000},
		field.Field{Key: "opinion", Name: both("验收意见", "Opinion on acceptance"), Type: field.Text, MinLength: 2, MaxLength: 4000},
	)
	var kinds []object
	var papers, needed, extra []string
	for _, p := range c.Papers {
		kinds = append(kinds, object{"id": p.ID, "name": p.Name})
		papers = append(papers, p.ID)
		if p.Required {
			needed = append(needed, p.ID)
		} else {
			extra = append(extra, p.ID)
		}
	}
	kinds = append(kinds, object{"id": "evidence", "name": both("异议证据", "Evidence of an objection")}, object{"id": "acceptance", "name": both("验收材料", "Papers for acceptance")})
	file := slices.Concat([]string{"summary"}, keys)
	role := func(id, zh, en, of, verb string) object {
		return object{"id": id, "name": both(zh, en), "of": of, "verb": verb}
	}
	state := func(id, zh, en string, more object) object {
		out := object{"id": id, "name": both(zh, en)}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	final := func(more ...string) object {
		out := object{"final": true}
		for _, k := range more {
			out[k] = true
		}
		return out
	}
	awaits := func(roles ...string) object { return object{"awaits": roles} }
	step := func(id, zh, en, from, to, role string, more object) object {
		out := object{"id": id, "name": both(zh, en), "from": strings.Fields(from), "to": to}
		if role != "" {
			out["roles"] = strings.Fields(role)
		}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	return object{
		"id": FlowPrefix + c.ID, "version": c.Version, "source": c.Source,
		"name": c.Name, "note": c.Text, "case": both("申报件", "Application"), "class": "internal", "title": []string{"project"}, "unique": []string{"project"},
		"fields": fields, "documents": kinds,
		"roles": []object{
			role("applicant", "申报单位", "Applicant", "subject", "operate"), role("clerk", "经办人员", "Clerk", "owner", "operate"),
			role("chief", "审批负责人", "Chief", "owner", "configure"), role("objector", "异议人", "Objector", "anyone", "operate"),
		},
		"states": []object{
			state(Draft, "草稿", "Draft", awaits("applicant")), state(Submitted, "形式审查", "Formal check", awaits("clerk")), state(Returned, "待补正", "To be completed", awaits("applicant")),
			state(Reviewing, "专家评审", "Under review", awaits("chief")), state(Publicity, "公示中", "Made public", object{"public": true}),
			state(Objected, "异议处理中", "Objection under examination", object{"public": true, "awaits": []string{"chief"}}),
			state(Building, "已立项建设中", "Awarded, being built", object{"public": true, "awaits": []string{"applicant"}}), state(Accepting, "验收中", "Under acceptance", object{"public": true, "awaits": []string{"chief"}}),
			state(Accepted, "已通过验收", "Accepted", final("public")), state(Failed, "验收未通过", "Not accepted", final("public")), state(Ended, "项目终止", "Given up", final("public")),
			state(Rejected, "未入选", "Not chosen", final("frees")), state(Retracted, "已撤回", "Withdrawn", final("frees")), state(Lapsed, "逾期未补正", "Lapsed", final("frees")),
		},
		"start": object{"name": both("新建申报", "Begin an application"), "to": Draft, "roles": []string{"applicant"}, "fields": []string{"project"}, "may": file},
		"transitions": []object{
			step("save", "保存草稿", "Save", Draft, Draft, "applicant", object{"may": file, "mayDocuments": papers}),
			step("submit", "提交申报", "Submit", Draft, Submitted, "applicant", object{"fields": []string{"truthful"}, "has": slices.Concat([]string{"summary"}, required), "may": free,
				"when": []object{{"field": "truthful", "is": true}}, "documents": needed, "mayDocuments": extra, "tells": []string{"clerk"}}),
			step("check", "形式审查通过", "Pass the formal check", Submitted, Reviewing, "clerk", object{"fields": points, "when": passes, "tells": []string{"applicant"}}),
			step("return", "退回补正", "Return for completion", Submitted, Returned, "clerk", object{"fields": []string{"missing"}, "may": points}),
			step("complete", "补正提交", "Hand in what was missing", Returned, Submitted, "applicant", object{"may": file, "mayDocuments": papers, "before": "completion"}),
			step("lapse", "逾期视为撤回", "Lapse", Returned, Lapsed, "", object{"tells": []string{"applicant", "clerk"}}),
			step("refuse", "不予受理", "Refuse", Submitted, Rejected, "clerk", object{"may": points, "reason": true, "tells": []string{"applicant"}}),
			step("propose", "拟立项并公示", "Propose and make public", Reviewing, Publicity, "chief", object{"fields": []string{"award"}, "tells": []string{"applicant"}}),
			step("reject", "未入选", "Not chosen", Reviewing, Rejected, "chief", object{"reason": true, "tells": []string{"applicant"}}),
			step("object", "提出异议", "Object", Publicity+" "+Objected, Objected, "objector", object{"fields": []string{"objection"}, "mayDocuments": []string{"evidence"}, "before": "publicity", "confidential": true, "tells": []string{"clerk"}}),
			step("dismiss", "异议不成立", "Dismiss the objection", Objected, Publicity, "chief", object{"fields": []string{"finding"}, "tells": []string{"objector", "applicant"}}),
			step("uphold", "异议成立", "Uphold the objection", Objected, Rejected, "chief", object{"fields": []string{"finding"}, "tells": []string{"objector", "applicant"}}),
			step("award", "立项", "Award", Publicity, Building, "chief", object{"after": "publicity", "tells": []string{"applicant", "clerk"}}),
			step("present", "申请验收", "Ask for acceptance", Building, Accepting, "applicant", object{"fields": []string{"report"}, "mayDocuments": []string{"acceptance"}, "tells": []string{"clerk"}}),
			step("rectify", "退回整改", "Return for correction", Accepting, Building, "chief", object{"fields": []string{"opinion"}, "tells": []string{"applicant"}}),
			step("accept", "通过验收", "Accept", Accepting, Accepted, "chief", object{"fields": []string{"opinion"}, "tells": []string{"applicant", "clerk"}}),
			step("fail", "验收不通过", "Do not accept", Accepting+" "+Building, Failed, "chief", object{"fields": []string{"opinion"}, "tells": []string{"applicant", "clerk"}}),
			step("give-up", "终止项目", "Give up", Building+" "+Accepting, Ended, "applicant chief", object{"reason": true, "tells": []string{"applicant", "clerk"}}),
			step("withdraw", "撤回", "Withdraw", strings.Join([]string{Draft, Submitted, Returned, Reviewing, Publicity, Objected}, " "), Retracted, "applicant", object{"reason": true, "tells": []string{"clerk"}}),
		},
		"deadlines": []object{
			{"id": "formal", "name": both("形式审查期限", "Formal check"), "basis": "行政许可法 第三十二条第一款第（四）项", "role": "clerk", "in": []string{Submitted}, "stops": []string{Returned}, "from": "submit", "days": 5, "unit": "working", "reminders": []int{2, 1}, "passes": object{"escalate": "chief"}},
			{"id": "completion", "name": both("补正期限", "Completion"), "role": "applicant", "in": []string{Returned}, "days": c.Completion, "unit": "working", "reminders": remind(c.Completion), "passes": object{"transition": "lapse"}},
			{"id": "publicity", "name": both("公示期", "Publicity"), "role": "clerk", "in": []string{Publicity, Objected}, "days": c.Publicity, "unit": "working"},
			{"id": "objection", "name": both("异议处理期限", "Examination of the objection"), "role": "chief", "in": []string{Objected}, "days": 10, "unit": "working", "reminders": []int{3, 1}},
		},
		"apart": []object{
			{"steps": []string{"submit", "check", "award"}, "why": both("申报、审查、审定须由不同人员办理", "filing, checking and deciding are done by different people")},
			{"steps": []string{"present", "accept"}, "why": both("申请验收和验收须由不同人员办理", "asking for acceptance and accepting are done by different people")},
			{"steps": []string{"submit", "object"}, "by": "org", "why": both("申报单位不得对自己的申报提出异议", "an applicant does not object to its own application")},
		},
	}
}

func remind(days int) []int {
	if days > 5 {
		return []int{3, 1}
	}
	if days > 1 {
		return []int{1}
	}
	return nil
}

// WithFlows are packs with the flows that follow from their calls: what package office/flow is given. Error: pack.Faults.
func WithFlows(packs fs.FS) (fs.FS, error) {
	calls, err := Load(packs)
	if err != nil {
		return nil, err
	}
	out := &overlay{FS: packs, files: map[string][]byte{}}
	for _, c := range calls {
		b, err := c.Flow()
		if err != nil {
			return nil, err
		}
		out.files[FlowPrefix+c.ID+".yaml"] = b
	}
	return out, nil
}

// overlay adds files to the folder of flows.
type overlay struct {
	fs.FS
	files map[string][]byte // by name in flow.Dir
}

// Open opens a file.
func (o *overlay) Open(name string) (fs.File, error) {
	if dir, base := path.Split(name); path.Clean(dir) == flow.Dir {
		if b, ok := o.files[base]; ok {
			return &written{Reader: *bytes.NewReader(b), info: info{base, int64(len(b))}}, nil
		}
	}
	return o.FS.Open(name)
}

// ReadDir lists a folder.
func (o *overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	list, err := fs.ReadDir(o.FS, name)
	if path.Clean(name) != flow.Dir || err != nil && !errors.Is(err, fs.ErrNotExist) || err != nil && len(o.files) == 0 {
		return list, err
	}
	for base, b := range o.files {
		list = append(list, fs.FileInfoToDirEntry(info{base, int64(len(b))}))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

type written struct {
	bytes.Reader
	info info
}

func (w *written) Stat() (fs.FileInfo, error) { return w.info, nil }
func (w *written) Close() error               { return nil }

type info struct {
	name string
	size int64
}

func (i info) Name() string     { return i.name }
func (i info) Size() int64      { return i.size }
func (info) Mode() fs.FileMode  { return 0o444 }
func (info) ModTime() time.Time { return time.Time{} }
func (info) IsDir() bool        { return false }
func (info) Sys() any           { return nil }
