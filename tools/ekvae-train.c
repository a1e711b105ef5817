#include "train/train.h"
int main(int argc, char **argv)
{
    return train_main("ekvae", argc, argv);
}
