package assess

import (
	"fmt"
	"strings"

	"jingwei/internal/kernel/text"
)

// say makes a text in both languages; arguments that are texts stand in the language of the sentence.
func say(zh, en string, a ...any) text.Text {
	z, e := make([]any, len(a)), make([]any, len(a))
	for i, v := range a {
		if t, ok := v.(text.Text); ok {
			z[i], e[i] = t.In("zh"), t.In("en")
		} else {
			z[i], e[i] = v, v
		}
	}
	return text.Text{Zh: fmt.Sprintf(zh, z...), En: fmt.Sprintf(en, e...)}
}

var gradeWords = [...]text.Text{
	{Zh: "自报（E0）", En: "declared (E0)"}, {Zh: "有文件（E1）", En: "documented (E1)"},
	{Zh: "第三方核验（E2）", En: "checked by a third party (E2)"}, {Zh: "实测（E3）", En: "measured (E3)"},
}

func join(list []text.Text, zhBetween, enBetween string) text.Text {
	zh, en := make([]string, len(list)), make([]string, len(list))
	for i, t := range list {
		zh[i], en[i] = t.Zh, t.En
	}
	return text.Text{Zh: strings.Join(zh, zhBetween), En: strings.Join(en, enBetween)}
}

// decided says which rules gave the level, and which keep from the next one.
func (st *standing) decided(levels []LevelCheck) text.Text {
	x := st.x
	var out []text.Text
	if st.level > 0 {
		var why []text.Text
		for _, r := range levels[st.level-1].Rules {
			why = append(why, r.Text)
		}
		out = append(out, say("达到%s：%s", "%s: %s", x.levelName(st.level), join(why, "；", "; ")))
	} else {
		out = append(out, x.Below)
	}
	if st.level < len(levels) {
		next := levels[st.level]
		var why []text.Text
		for _, r := range next.Rules {
			if !r.Holds {
				why = append(why, r.Text)
			}
		}
		out = append(out, say("未达到%s：%s", "not %s: %s", next.Name, join(why, "；", "; ")))
	}
	return join(out, "。", ". ")
}

// lineText says what a question gave, and by which rule.
func (q *quest) lineText(st *standing, g *given, l *Line) text.Text {
	n := &st.x.c.nodes[q.node]
	switch {
	case st.applies[q.at] == no && q.section.Counted:
		return say("不适用，不计入", "does not apply and is not counted")
	case st.applies[q.at] == no:
		return say("不适用，%s", "does not apply; %s", absentWords[n.absent])
	case !g.known:
		return say("没有可计的答案，0分（满分%s分）", "no answer that counts: 0 of %s points", l.Full)
	case q.section.Counted:
		return say("达到%d级：%s（%s）", "step %d: %s (%s)", q.choices[g.choice].level, q.choices[g.choice].text, gradeWords[g.grade])
	case q.Kind == Multi:
		return say("选%s：各项之和%s分（满分%s分，%s）", "%s: %s of %s points, the options' sum (%s)", l.Answer, l.Points, l.Full, gradeWords[g.grade])
	case q.Kind == Number || q.Kind == Percentage:
		return say("%s落在%s：%d/%d × %s分 = %s分（%s）", "%s lies in %s: %d/%d of %s points = %s (%s)",
			l.Answer, q.choices[g.choice].id, q.choices[g.choice].share, q.whole, l.Full, l.Points, gradeWords[g.grade])
	}
	return say("“%s”：%d/%d × %s分 = %s分（%s）", "\"%s\": %d/%d of %s points = %s (%s)",
		q.choices[g.choice].text, q.choices[g.choice].share, q.whole, l.Full, l.Points, gradeWords[g.grade])
}

var absentWords = map[string]text.Text{
	Redistribute: {Zh: "其分值按权重分给同级题目", En: "its points go to its siblings by weight"},
	Lost:         {Zh: "其分值不计入满分", En: "its points do not count towards full marks"},
	Granted:      {Zh: "按满分计", En: "full points are given"},
}
