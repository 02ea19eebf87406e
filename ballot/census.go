package ballot

import "github.com/scrutin/scrutin/census"

// CensusOf returns what a manifest states of a census. MinimumClass is 0; set it to demand that
// at least so many members share each weight.
func CensusOf(t *census.Tree) CensusInfo {
	return CensusInfo{
		Root:        t.Root(),
		Depth:       t.Depth(),
		Size:        t.Size(),
		Weighted:    t.Weighted(),
		TotalWeight: t.TotalWeight(),
	}
}
