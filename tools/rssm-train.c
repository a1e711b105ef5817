/* rssm-train: stream in, model out. The body is every trainer's own; the model is the registry's. */
#include "train/train.h"

int main(int argc, char **argv)
{
    return train_main("rssm", argc, argv);
}
