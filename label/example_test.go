package label_test

import (
	"fmt"

	"finetune/label"
)

func ExampleInfer() {
	space, err := label.Infer([]string{"60+", "13-19", "0-12", "20-59"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(space.Classes(), space.Values())

	_, err = label.Infer([]string{"worn", "new", "broken"})
	fmt.Println(err)
	// Output:
	// [0-12 13-19 20-59 60+] [6 16 39.5 79.5]
	// Data.Order: the class name "worn" is neither a number nor a range, so the order of the classes is unknown; expected all classes, lowest first; put these in order: Data.Order broken,new,worn
}

func ExampleBins() {
	ages, err := label.Bins([]float64{0, 3, 7, 13, 20})
	if err != nil {
		fmt.Println(err)
		return
	}
	class, err := ages.BinOf(8)
	fmt.Println(ages.Classes(), ages.Class(class), err)
	// Output: [0-2 3-6 7-12 13-19 20+] 7-12 <nil>
}

func ExampleWithOrder() {
	order, err := label.ParseList("broken, worn, new")
	if err != nil {
		fmt.Println(err)
		return
	}
	space, err := label.WithOrder([]string{"new", "broken", "worn"}, order)
	fmt.Println(space.Classes(), err)
	// Output: [broken worn new] <nil>
}
