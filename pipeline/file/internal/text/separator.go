package text

import "bytes"

// separators in the order of preference.
const separators = ",\t;|"

// separatorLines are looked at to decide on one.
const separatorLines = 20

// separatorOf is the one that cuts the header into fields and the lines after it into as many; of several such the one that makes most fields.
func separatorOf(sample []byte) rune {
	best, bestLines, bestFields := rune(separators[0]), 0, 1
	for _, s := range separators {
		fields, lines := cutBy(s, sample)
		better := lines > bestLines || lines == bestLines && fields > bestFields
		if fields > 1 && (bestFields == 1 || better) {
			best, bestLines, bestFields = s, lines, fields
		}
	}
	return best
}

// cutBy counts the fields of the header and how many lines, with it, have that many.
func cutBy(separator rune, sample []byte) (fields, lines int) {
	in := newCSV(bytes.NewReader(sample), separator)
	for lines < separatorLines {
		record, err := in.Read()
		if err != nil {
			break
		}
		fields = len(record)
		lines++
	}
	return fields, lines
}
