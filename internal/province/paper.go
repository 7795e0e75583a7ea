package province

import "jingwei/internal/office/print"

// paper is a paper that somebody hands in: it says that it is one of the demonstration, and gives its matter as names with values.
func (f *filler) paper(title string, matter ...print.Pair) ([]byte, error) {
	return print.PDF(&print.Document{
		Title: title, Lang: "zh-CN", Author: f.p.Platform.Zh, Header: "演示数据，不是真实文件", Footer: f.on(0), At: f.day,
		Blocks: []print.Block{
			print.Heading{Level: 1, Text: title},
			print.Paragraph{Text: "本文件由演示环境自动生成，所涉省份、单位、人员和金额均为虚构。"},
			print.Pairs(matter),
		},
	})
}
