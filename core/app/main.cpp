#include "app/cli.hpp"

int main(int argc, char** argv) {
    return crossdock::app::run_cli(argc, argv);
}
