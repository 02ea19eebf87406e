package poseidon

import (
	"slices"

	"github.com/consensys/gnark-crypto/ecc/bn254/fr"
)

// matrix is a list of rows.
type matrix [][]fr.Element

func identity(n int) matrix {
	m := make(matrix, n)
	for i := range m {
		m[i] = make([]fr.Element, n)
		m[i][i].SetOne()
	}
	return m
}

func (m matrix) column(j int) []fr.Element {
	c := make([]fr.Element, len(m))
	for i := range m {
		c[i] = m[i][j]
	}
	return c
}

// apply returns the product of m and a column.
func (m matrix) apply(x []fr.Element) []fr.Element {
	out := make([]fr.Element, len(m))
	for i := range m {
		out[i] = inner(m[i], x)
	}
	return out
}

func (m matrix) mul(b matrix) matrix {
	out := make(matrix, len(m))
	for j := range b[0] {
		c := b.column(j)
		for i := range m {
			out[i] = append(out[i], inner(m[i], c))
		}
	}
	return out
}

// inverse is Gauss and Jordan's; m is invertible.
func (m matrix) inverse() matrix {
	n := len(m)
	out := make(matrix, n) // m and the identity side by side
	for i, unit := range identity(n) {
		out[i] = slices.Concat(m[i], unit)
	}
	for i := range n {
		pivot := i + slices.IndexFunc(out[i:], func(row []fr.Element) bool { return !row[i].IsZero() })
		out[i], out[pivot] = out[pivot], out[i]
		var inv fr.Element
		inv.Inverse(&out[i][i])
		for j := range out[i] {
			out[i][j].Mul(&out[i][j], &inv)
		}
		for k := range n {
			if k == i {
				continue
			}
			by := out[k][i]
			for j := range out[k] {
				var t fr.Element
				out[k][j].Sub(&out[k][j], t.Mul(&by, &out[i][j]))
			}
		}
	}
	for i := range out {
		out[i] = out[i][n:]
	}
	return out
}
