// Package table reads and writes plain tables as files that people work on elsewhere: CSV and XLSX. It knows rows, cells and
// their places, and nothing of what they mean. Files come from outside: sizes are bounded, formulas are told by their place,
// and no reader panics.
//
// CSV comes as UTF-8, UTF-16 with a byte order mark or GB18030 (what spreadsheets in China write), with comma, semicolon, tab or
// bar; it is written as UTF-8 with a byte order mark, and a text that a spreadsheet would take for a formula gets a quote in
// front, which is taken away again when it is read.
//
// Sources: RFC 4180 (CSV), ECMA-376 part 1 (18.3 worksheets, 18.4 shared strings), GB 18030-2022.
package table
