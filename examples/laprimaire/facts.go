package main

import (
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/scrutin/scrutin/testdata/elections"
)

// perBallot is how many candidates each voter was asked to grade.
const perBallot = 5

// row is what was published of one candidate: the judgments of each grade, best grade first,
// and the majority grade. Rows are in the published final order.
type row struct {
	name      string
	judgments [len(grades)]int
	published string
}

// readFacts reads the published table.
func readFacts() ([]row, error) {
	r := csv.NewReader(strings.NewReader(elections.LaPrimaire2016))
	r.Comment = '#'
	records, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	columns := []string{"candidate"}
	for _, g := range grades {
		columns = append(columns, strings.ReplaceAll(string(g.id), "-", "_"))
	}
	columns = append(columns, "judgments", "published_grade")
	if len(records) == 0 || !slices.Equal(records[0], columns) {
		return nil, fmt.Errorf("the table's columns are not %s", strings.Join(columns, ","))
	}
	var rows []row
	for _, record := range records[1:] {
		out := row{name: record[0], published: record[len(columns)-1]}
		sum := 0
		for g := range grades {
			if out.judgments[g], err = strconv.Atoi(record[1+g]); err != nil {
				return nil, fmt.Errorf("%s: %w", out.name, err)
			}
			sum += out.judgments[g]
		}
		if record[1+len(grades)] != strconv.Itoa(sum) {
			return nil, fmt.Errorf("%s: the judgments add up to %d, not %s", out.name, sum, record[1+len(grades)])
		}
		rows = append(rows, out)
	}
	return rows, nil
}
